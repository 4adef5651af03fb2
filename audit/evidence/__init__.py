"""The evidence pack of a period: what HR says of leavers beside what the trail says of cut access."""
