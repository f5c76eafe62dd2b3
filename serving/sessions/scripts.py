"""What happens in the store in one step, in Lua: Redis and Valkey run a script as a whole or not at all.

Each may run twice with the same arguments, for a client sends it again when the connection broke before the reply.
"""

from serving.sessions.cases import APART_S

# Keys: lock, fence, session, waiting, answer, revoked, case, queue. Arguments: token, lease (ms), seconds to keep the
# fence, entry, when the client's token was issued ('': there is none), whose tokens may have been revoked (two members
# of revoked). The fence names who held the session last: it outlives the lease, so a late holder is found out.
# Last in the answer: how many wait for a person before this one; -1 when an entry is not in the queue, of an older
# release, so that nobody knows. A score above half of APART_S (cases.py) is one whom a person has.
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
local before = -1
if redis.call('ZCARD', KEYS[8]) == redis.call('HLEN', KEYS[4]) then
  before = redis.call('ZRANK', KEYS[8], ARGV[4]) or redis.call('ZCOUNT', KEYS[8], '-inf', 'HALF_APART')
end
local waiting, answer = redis.call('HGET', KEYS[4], ARGV[4]), redis.call('GET', KEYS[5])
return {redis.call('GET', KEYS[3]), waiting, answer, redis.call('GET', KEYS[7]), before}
""".replace("HALF_APART", str(APART_S // 2))

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

# Keys: lock, fence, session, waiting, answer, outbox, case, queue, turns, listening, answers, webhooks, their times,
# how many were lost. Arguments: token, session ('': it is not kept), its seconds, entry, hand-over ('': as it was,
# 'withdrawn': none), answer ('': none is kept), its seconds, message, log lines, case, its place in the queue, turns to
# keep, channel of the feed, whether all hear of it, id of the session, bytes of turns to keep, answers to keep, id of a
# webhook ('': there is none), its event, webhooks to keep, number of turns, turns, messages whose lines are in a file.
# Turns are of this session alone: where it is new, older ones go. Returns the id of the last turn, '' when there is
# none; an answer is kept with it behind, on a line. The fence then says that it was done, so that a second run adds no
# turn again.
COMMIT = """
local fence, done = redis.call('GET', KEYS[2]), ARGV[1] .. ' '
if fence and string.sub(fence, 1, #done) == done then return string.sub(fence, #done + 1) end
if fence ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' then
  if redis.call('EXISTS', KEYS[3]) == 0 then redis.call('DEL', KEYS[9]) end
  redis.call('SET', KEYS[3], ARGV[2], 'EX', ARGV[3])
end
if ARGV[5] == 'withdrawn' then
  redis.call('HDEL', KEYS[4], ARGV[4])
  redis.call('ZREM', KEYS[8], ARGV[4])
  redis.call('DEL', KEYS[7])
elseif ARGV[5] ~= '' then
  redis.call('HSET', KEYS[4], ARGV[4], ARGV[5])
  redis.call('ZADD', KEYS[8], ARGV[11], ARGV[4])
  if ARGV[10] ~= '' then redis.call('SET', KEYS[7], ARGV[10]) end
end
if ARGV[18] ~= '' and redis.call('HLEN', KEYS[12]) < tonumber(ARGV[20]) then
  redis.call('HSET', KEYS[12], ARGV[18], ARGV[19])
  local now = redis.call('TIME')
  redis.call('ZADD', KEYS[13], now[1] .. '.' .. string.format('%06d', now[2]), ARGV[18])
elseif ARGV[18] ~= '' then
  redis.call('INCR', KEYS[14])
end
local turns, last = tonumber(ARGV[21]), ''
for i = 22, 21 + turns do
  last = redis.call('XADD', KEYS[9], 'MAXLEN', '~', ARGV[12], '*', 'turn', ARGV[i])
end
if turns > 0 and redis.call('MEMORY', 'USAGE', KEYS[9]) > tonumber(ARGV[16]) then
  redis.call('XTRIM', KEYS[9], 'MAXLEN', math.ceil(redis.call('XLEN', KEYS[9]) * 3 / 4))
end
redis.call('EXPIRE', KEYS[9], ARGV[3])
if ARGV[6] ~= '' then
  redis.call('SET', KEYS[5], ARGV[6] .. '\\n' .. last, 'EX', ARGV[7])
  local answers = redis.call('LPUSH', KEYS[11], KEYS[5])
  if answers > tonumber(ARGV[17]) then redis.call('DEL', redis.call('RPOP', KEYS[11])) end
  redis.call('EXPIRE', KEYS[11], ARGV[7])
end
if ARGV[9] ~= '' then redis.call('HSET', KEYS[6], ARGV[8], ARGV[9]) end
for i = 22 + turns, #ARGV do redis.call('HDEL', KEYS[6], ARGV[i]) end
if turns > 0 and (ARGV[14] == '1' or redis.call('EXISTS', KEYS[10]) == 1) then
  redis.call('PUBLISH', ARGV[13], ARGV[15])
end
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[2], done .. last, 'KEEPTTL')
return last
"""

# Keys: what is counted. Counts by the store's minute.
COUNT = """
local key = KEYS[1] .. ':' .. math.floor(redis.call('TIME')[1] / 60)
local count = redis.call('INCR', key)
redis.call('EXPIRE', key, 120)
return count
"""
