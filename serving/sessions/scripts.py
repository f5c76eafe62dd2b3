"""What happens in the store in one step, in Lua: Redis and Valkey run a script as a whole or not at all.

Each may run twice with the same arguments, for a client sends it again when the connection broke before the reply.
"""

# Keys: lock, fence, session, waiting, answer, revoked. Arguments: token, lease (ms), seconds to keep the fence, entry,
# when the client's token was issued ('': there is none), whose tokens may have been revoked (two members of revoked).
# The fence names who held the session last: it outlives the lease, so a late holder is found out.
ACQUIRE = """
local issued = tonumber(ARGV[5])
for i = 6, issued and #ARGV or 0 do
  local revoked = redis.call('ZSCORE', KEYS[6], ARGV[i])
  if revoked and issued <= tonumber(revoked) then return 'revoked' end
end
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return false end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[3])
return {redis.call('GET', KEYS[3]), redis.call('HGET', KEYS[4], ARGV[4]), redis.call('GET', KEYS[5])}
"""

# Keys: lock. Arguments: token, lease (ms).
RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""

# Keys: lock. Arguments: token.
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

# Keys: lock, fence, session, waiting, answer, outbox. Arguments: token, session, its seconds, entry, hand-over
# ('': as it was, 'withdrawn': none), answer, its seconds, message, log lines, messages whose lines are in a file.
COMMIT = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[3], ARGV[2], 'EX', ARGV[3])
if ARGV[5] == 'withdrawn' then redis.call('HDEL', KEYS[4], ARGV[4])
elseif ARGV[5] ~= '' then redis.call('HSET', KEYS[4], ARGV[4], ARGV[5]) end
redis.call('SET', KEYS[5], ARGV[6], 'EX', ARGV[7])
if ARGV[9] ~= '' then redis.call('HSET', KEYS[6], ARGV[8], ARGV[9]) end
for i = 10, #ARGV do redis.call('HDEL', KEYS[6], ARGV[i]) end
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""

# Keys: what is counted. Counts by the store's minute.
COUNT = """
local key = KEYS[1] .. ':' .. math.floor(redis.call('TIME')[1] / 60)
local count = redis.call('INCR', key)
redis.call('EXPIRE', key, 120)
return count
"""
