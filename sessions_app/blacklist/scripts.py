"""The Lua that runs inside Redis: what must happen in one step, on Redis 6.2 and later and on Valkey."""

from typing import Final

_READING: Final = """
local LARGEST = 9007199254740991

-- The fields of a value of this version, or nil if it is not one.
local function read(text, numbers, least)
  if type(text) ~= 'string' then return nil end
  local fields = {}
  for field in (text .. '|'):gmatch('([^|]*)|') do fields[#fields + 1] = field end
  if fields[1] ~= '1' or #fields < least then return nil end
  for i = 2, numbers + 1 do
    local field = fields[i]
    if not field:match('^%d+$') or #field > 16 or tonumber(field) > LARGEST then return nil end
  end
  return fields
end

local function greater(a, b)
  if tonumber(a) >= tonumber(b) then return a end
  return b
end

-- The text under the key; false if there is none, or something that is not text.
local function get(key)
  local found = redis.pcall('GET', key)
  return type(found) == 'string' and found
end

local function now_ms()
  local now = redis.call('TIME')
  return tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
end

-- When the key expires in ms, -1 for never. PEXPIRETIME exists since Redis 7.
local function expiry(key)
  local at = redis.pcall('PEXPIRETIME', key)
  if type(at) == 'number' then return at end
  local left = redis.call('PTTL', key)
  if left < 0 then return left end
  return now_ms() + left
end
"""

# KEYS: entries of one bucket. ARGV: for each key its value and its expiry in ms.
# Only a key that exists is read, compared and raised: in a burst nearly all are new.
PUBLISH: Final = (
    _READING
    + """
-- Everything from the receipt on, as one text: what comes after it belongs to it.
local function tail(fields, from) return table.concat(fields, '|', from) end

-- Joins two user values. Everything but the cutoff follows the higher revision; of two writes of one
-- revision the stronger wins, whichever comes first.
local function join_users(a, b)
  local cutoff = greater(a[4], b[4])
  local ra, rb = tonumber(a[2]), tonumber(b[2])
  local winner, since = a, a[5]
  if rb > ra then
    winner, since = b, b[5]
  elseif rb == ra then
    since = greater(a[5], b[5])
    if b[3] > a[3] or (b[3] == a[3] and tail(b, 6) > tail(a, 6)) then winner = b end
  end
  return table.concat({'1', winner[2], winner[3], cutoff, since, tail(winner, 6)}, '|')
end

local function join_entries(a, b)
  local ra, rb = tonumber(a[2]), tonumber(b[2])
  local winner = a
  if rb > ra or (rb == ra and tail(b, 3) > tail(a, 3)) then winner = b end
  return table.concat({'1', winner[2], tail(winner, 3)}, '|')
end

local function raise(key, text, expires)
  local new = read(text, 1, 3)
  local is_user = key:find('}:u:', 1, true) ~= nil
  local in_place = get(key)
  local old = is_user and read(in_place, 4, 6) or not is_user and read(in_place, 1, 3)
  if old and is_user and old[3] ~= '0' and old[3] ~= '1' then old = nil end
  local joined = text
  if old then joined = is_user and join_users(old, new) or join_entries(old, new) end
  local until_now = expiry(key)
  if joined ~= in_place then redis.call('SET', key, joined, 'KEEPTTL') end
  if until_now ~= -1 and until_now < tonumber(expires) then redis.call('PEXPIREAT', key, expires) end
end

for i, key in ipairs(KEYS) do
  local text, expires = ARGV[2 * i - 1], ARGV[2 * i]
  if not redis.call('SET', key, text, 'NX', 'PXAT', expires) then raise(key, text, expires) end
end
return #KEYS
"""
)

# KEYS: entries of one bucket. Answers, for each key, its value and its expiry in ms, and last the time.
INSPECT: Final = (
    _READING
    + """
local found = {}
for i, key in ipairs(KEYS) do
  found[2 * i - 1] = get(key)
  found[2 * i] = expiry(key)
end
found[#found + 1] = now_ms()
return found
"""
)

# KEYS[1]: a marker. ARGV: the marker to write; then every (generation, sequence) it may replace, each as
# two arguments. Answers 1 if it was written. A missing marker is never created, a newer writer's and a
# later position are never overwritten, and the everyone-cutoff never goes back.
BEAT: Final = (
    _READING
    + """
local new, old = read(ARGV[1], 5, 6), read(get(KEYS[1]), 5, 6)
if not old or tonumber(old[6]) > tonumber(new[6]) then return 0 end
for i = 2, #ARGV, 2 do
  if tonumber(old[2]) == tonumber(ARGV[i]) and tonumber(old[3]) == tonumber(ARGV[i + 1]) then
    new[5] = greater(old[5], new[5])
    redis.call('SET', KEYS[1], table.concat(new, '|'))
    return 1
  end
end
return 0
"""
)

# KEYS[1]: a marker, ARGV[1]: the marker to write, at the end of a rebuild. Answers 1 if it was written:
# whatever stands there is replaced, unless it is a newer writer's or of a later position.
OPEN: Final = (
    _READING
    + """
local new, old = read(ARGV[1], 5, 6), read(get(KEYS[1]), 5, 6)
if old then
  local generation, sequence = tonumber(old[2]), tonumber(old[3])
  local ours, ours_sequence = tonumber(new[2]), tonumber(new[3])
  if tonumber(old[6]) > tonumber(new[6]) or generation > ours then return 0 end
  if generation == ours and sequence > ours_sequence then return 0 end
  new[5] = greater(old[5], new[5])
end
redis.call('SET', KEYS[1], table.concat(new, '|'))
return 1
"""
)
