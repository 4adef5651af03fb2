"""The scene, and the demo's ease about second factors."""

from tests.every_deed.scene import scene
from tests.portal.conftest import in_demo

__all__ = ["in_demo", "scene"]
