-- The budget of one user on a Redis or Valkey server: `visit` of shared_budget.py, with
-- the budget.py and guard.py under it, on the server's clock. One call is one atomic step.
-- The tests hold both languages against each other.
--
-- KEYS[1]: where the record of the user is kept. ARGV[1]: the visit, as JSON.
-- Returns the name of the record, its visits, the seconds it lacks, and, if the message
-- was heard: now, whether it is granted, the seconds to wait and the state, or ''.

local TOLERANCE = 1e-6
local NEVER = math.huge

-- guard.py -------------------------------------------------------------------------

local function bisect_left(list, value)
  local low, high = 1, #list + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if list[middle] < value then low = middle + 1 else high = middle end
  end
  return low
end

local function prune(guard, now)
  local first = bisect_left(guard.times, now - 2 * guard.window)
  if first == 1 then return end
  local times, counts = {}, {}
  for index = first, #guard.times do
    times[#times + 1], counts[#counts + 1] = guard.times[index], guard.counts[index]
  end
  guard.times, guard.counts = times, counts
end

local function look(guard, now)
  prune(guard, now)
  local times, window = guard.times, guard.window
  local size, sums = #times, {[0] = 0}
  for index, count in ipairs(guard.counts) do sums[index] = sums[index - 1] + count end
  local total = sums[size]
  local room = guard.limit - guard.in_flight - 1 + TOLERANCE
  local ready_at = now
  local spare = room - (total - sums[bisect_left(times, now - window) - 1])

  local function judge(boundary, before, since)
    local left = room - since
    if boundary <= now then
      spare = math.min(spare, left - (1 - (now - boundary) / window) * before)
    end
    if left < 0 then
      ready_at = math.max(ready_at, boundary + window)
    elseif before > left then
      ready_at = math.max(ready_at, boundary + window * (1 - left / before))
    end
  end

  local first, later = 1, 1
  for index, time in ipairs(times) do
    if time > now - window then
      while times[first] < time - window do first = first + 1 end
      judge(time, sums[index - 1] - sums[first - 1], total - sums[index - 1])
    end
    while later <= size and times[later] < time + window do later = later + 1 end
    judge(time + window, sums[later - 1] - sums[index - 1], total - sums[later - 1])
  end
  if room < 0 then ready_at = NEVER end
  if ready_at <= now and spare >= 0 then
    guard.ready_at, guard.slack = false, math.max(0, math.floor(spare) + 1)
  else
    guard.ready_at, guard.slack = math.max(ready_at, now + TOLERANCE), 0
  end
end

local function forget(guard) guard.slack, guard.ready_at = 0, false end

local function set_limit(guard, limit)
  if guard.limit ~= limit then
    guard.limit = limit
    forget(guard)
  end
end

local function guard_ready_at(guard, now)
  if guard.slack > 0 then return now end
  if not guard.ready_at or guard.ready_at <= now then look(guard, now) end
  return guard.ready_at or now
end

local function insert(guard, at, count)
  local time = guard.cell > 0 and math.ceil(at / guard.cell) * guard.cell or at
  local index = bisect_left(guard.times, time)
  if guard.times[index] == time then
    guard.counts[index] = guard.counts[index] + count
  else
    table.insert(guard.times, index, time)
    table.insert(guard.counts, index, count)
  end
end

local function settle_guard(guard, at)
  guard.in_flight = guard.in_flight - 1
  insert(guard, at, 1)
  guard.ready_at = false
end

local function used(guard, now)
  local sum = guard.in_flight
  for index = bisect_left(guard.times, now - guard.window), #guard.times do
    sum = sum + guard.counts[index]
  end
  return sum
end

-- budget.py ------------------------------------------------------------------------

local LONGEST_PAUSE = 60
local LEAST_SCALE = 0.05
local DOUBLINGS = 6
local ROOM_TO_GROW = 1.05
local NOISE = 0.1
local MEAN_PERIODS = 15
local MEAN_OF_MOST = 0.85
local LEAST_LEFT = 0.4
local MOST_GUESSED = 0.5
local BELOW_CAP = 0.95
local CREDIBLE_CAP = 0.1
local CUT = 0.5
local CELLS = 720
local WINDOWS = {[0] = {'minute', 'hour'}, [1] = {'minute', 'hour', 'stats'}}
local PACES = {[0] = {'all'}, [1] = {'all', 'stats'}}
local PACE_OF = {minute = 'all', hour = 'all', stats = 'stats'}

local limits -- of whoever visits

-- Python's `//` of floats.
local function floor_divide(value, divisor)
  local quotient = (value - math.fmod(value, divisor)) / divisor
  local floor = math.floor(quotient)
  return quotient - floor > 0.5 and floor + 1 or floor
end

local function nominal(window) return limits.nominal[window] end

local function seconds_of(window) return limits[window == 'minute' and 'minute' or 'hour'] end

-- Guards keep what `look` found only within one visit: limits may differ in the next.
local function arm(budget)
  local leases, of_stats = 0, 0
  for _, lease in pairs(budget.leases) do
    leases, of_stats = leases + 1, of_stats + lease[2]
  end
  for window, guard in pairs(budget.windows) do
    guard.limit, guard.window = nominal(window), seconds_of(window) + limits.margin
    guard.cell = window == 'minute' and 0 or limits.hour / CELLS
    guard.in_flight = window == 'stats' and of_stats or leases
    forget(guard)
  end
end

local function scale(budget, name, now)
  local pace, period = budget.paces[name], seconds_of(name == 'all' and 'minute' or 'hour')
  if pace.scale >= 1 or now < pace.since then return pace.scale end
  return math.min(1, pace.scale + 0.02 * floor_divide(now - pace.since, period))
end

local function period_of(window, now) return floor_divide(now, seconds_of(window)) end

local function whole(window) return nominal(window) / limits.share end

local function see(foreign, period, spent, is_guess)
  if period ~= foreign.period then
    if foreign.most ~= 0 or foreign.periods ~= 0 then
      foreign.periods = math.min(foreign.periods + 1, MEAN_PERIODS)
      foreign.mean = foreign.mean + (foreign.seen - foreign.mean) / foreign.periods
    end
    foreign.most_before = period == foreign.period + 1 and foreign.most or 0
    foreign.period, foreign.most, foreign.seen = period, 0, 0
  end
  if not is_guess then foreign.seen = math.max(foreign.seen, spent) end
  foreign.most = math.max(foreign.most, spent)
end

local function spent_by_others(budget, window, now)
  local foreign, period = budget.foreign[window], period_of(window, now)
  local spent = 0
  if period == foreign.period then
    spent = math.max(foreign.most, foreign.most_before)
  elseif period == foreign.period + 1 then
    spent = foreign.most
  end
  if window == 'minute' then return spent end
  local minutes, minute = limits.hour / limits.minute, budget.foreign.minute
  local is_recent = period_of('minute', now) - minute.period < minutes
  return math.max(spent, is_recent and MEAN_OF_MOST * minute.mean * minutes or 0)
end

local function limit_of(budget, window, now)
  local most = nominal(window)
  local limit = most * scale(budget, PACE_OF[window], now)
  local others = window ~= 'stats' and spent_by_others(budget, window, now) or 0
  if others > 0 then
    local all = whole(window)
    limit = math.min(limit, math.max(LEAST_LEFT * all, all - ROOM_TO_GROW * others))
  end
  return math.max(1, limit)
end

local function settle(budget, at, lease_id, is_accepted)
  local lease = budget.leases[lease_id]
  if not lease then return end
  budget.leases[lease_id] = nil
  for _, window in ipairs(WINDOWS[lease[2]]) do settle_guard(budget.windows[window], at) end
  if is_accepted then
    for _, name in ipairs(PACES[lease[2]]) do budget.paces[name].refusals = 0 end
  end
end

local function release(budget, lease_id)
  local lease = budget.leases[lease_id]
  if not lease then return end
  budget.leases[lease_id] = nil
  for _, window in ipairs(WINDOWS[lease[2]]) do
    local guard = budget.windows[window]
    guard.in_flight = guard.in_flight - 1
    forget(guard)
  end
end

local function expire(budget, now)
  local expired = {}
  for lease_id, lease in pairs(budget.leases) do
    if lease[1] <= now then expired[lease_id] = lease[1] end
  end
  for lease_id, at in pairs(expired) do settle(budget, at, lease_id, false) end
end

local function ready_at(budget, now, is_stats)
  expire(budget, now)
  local ready = now
  for _, name in ipairs(PACES[is_stats]) do
    ready = math.max(ready, budget.paces[name].not_before)
  end
  for _, window in ipairs(WINDOWS[is_stats]) do
    local guard = budget.windows[window]
    set_limit(guard, limit_of(budget, window, now))
    ready = math.max(ready, guard_ready_at(guard, now))
  end
  return ready
end

local function grant(budget, lease_id, expires, is_stats)
  budget.leases[lease_id] = {expires, is_stats}
  for _, window in ipairs(WINDOWS[is_stats]) do
    local guard = budget.windows[window]
    guard.in_flight, guard.slack = guard.in_flight + 1, guard.slack - 1
    guard.ready_at = false
  end
end

local function observe(budget, now, window, remaining, is_guess)
  local spent = whole(window) - remaining - used(budget.windows[window], now)
  if spent < NOISE * whole(window) then spent = 0 end
  see(budget.foreign[window], period_of(window, now), spent, is_guess)
end

-- Takes a refusal for the word that nothing is left, of the likelier window.
local function blame_others(budget, now)
  local function left(window) return 1 - used(budget.windows[window], now) / whole(window) end
  local is_hour = left('hour') < math.min(left('minute'), MOST_GUESSED)
  observe(budget, now, is_hour and 'hour' or 'minute', 0, true)
end

local function refuse(budget, now, is_stats, retry_after, jitter, is_over_budget)
  local name = is_stats == 1 and 'stats' or 'all'
  local pace, part = budget.paces[name], scale(budget, name, now)
  local is_incident = now >= pace.not_before
  if is_incident then pace.refusals = pace.refusals + 1 end
  if not retry_after then
    retry_after = math.min(LONGEST_PAUSE, 2 ^ math.min(pace.refusals - 1, DOUBLINGS))
  end
  pace.not_before = math.max(pace.not_before, now + math.ceil(retry_after) + jitter)
  if is_incident and is_over_budget then
    part = part * 0.85
    if is_stats == 1 then
      local cap = used(budget.windows.stats, now) / nominal('stats')
      part = math.min(part, cap >= CREDIBLE_CAP and BELOW_CAP * cap or CUT * part)
    else
      blame_others(budget, now)
    end
  end
  pace.scale, pace.since = math.max(LEAST_SCALE, part), pace.not_before
end

-- store.py: News by the word it comes with.
local HEAR = {
  settled = function(budget, now, lease_id, is_accepted)
    settle(budget, now, lease_id, is_accepted)
  end,
  released = function(budget, _, lease_id) release(budget, lease_id) end,
  refused = function(budget, now, is_stats, retry_after, jitter, is_over_budget)
    retry_after = retry_after ~= cjson.null and retry_after
    refuse(budget, now, is_stats and 1 or 0, retry_after, jitter, is_over_budget)
  end,
  observed = observe,
}

-- shared_budget.py -----------------------------------------------------------------

local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1e6
end

-- Seconds since the server started; long ago, if it does not say.
local function age()
  local info = redis.pcall('INFO', 'server')
  return tonumber(type(info) == 'string' and info:match('uptime_in_seconds:(%d+)')) or NEVER
end

local function new_record(name, wall)
  local function window() return {times = {}, counts = {}} end
  local function pace() return {not_before = 0, scale = 1, since = 0, refusals = 0} end
  local function foreign()
    return {period = 0, most = 0, most_before = 0, seen = 0, mean = 0, periods = 0}
  end
  return {
    name = name, born = wall, complete_until = 0, restored = {},
    visits = 0, last = wall, offset = 0,
    windows = {minute = window(), hour = window(), stats = window()},
    leases = {},
    paces = {all = pace(), stats = pace()},
    foreign = {minute = foreign(), hour = foreign()},
  }
end

local function hold(record, until_)
  record.paces.all.not_before = math.max(record.paces.all.not_before, until_)
end

local function put_back(record, now, history)
  local column = {minute = 2, hour = 2, stats = 3}
  for window, guard in pairs(record.windows) do
    guard.cell = 0
    for _, row in ipairs(history.answered) do
      local count = row[column[window]]
      if count > 0 then insert(guard, now - row[1], count) end
    end
  end
  for lease_id, lease in pairs(history.leases) do
    record.leases[lease_id] = {now + lease[1], lease[2]}
  end
end

local function state_of(record)
  local windows, leases, paces, foreign = {}, record.leases, {}, {}
  for window, guard in pairs(record.windows) do
    windows[window] = {}
    for index, time in ipairs(guard.times) do
      windows[window][index] = {time, guard.counts[index]}
    end
  end
  for name, pace in pairs(record.paces) do
    paces[name] = {pace.not_before, pace.scale, pace.since, pace.refusals}
  end
  for window, each in pairs(record.foreign) do
    foreign[window] =
      {each.period, each.most, each.most_before, each.seen, each.mean, each.periods}
  end
  return cjson.encode({windows = windows, leases = leases, paces = paces, foreign = foreign})
end

local function exact(number) return string.format('%.17g', number) end

local function answer(record, now, message)
  for _, news in ipairs(message.news) do
    HEAR[news[1]](record, now, unpack(news, 2))
  end
  local is_granted, wait, want = false, NEVER, message.want
  if want ~= cjson.null then
    local is_stats = want.is_stats and 1 or 0
    wait = ready_at(record, now, is_stats) - now
    is_granted = wait <= want.ahead_seconds
    if is_granted then grant(record, want.lease_id, now + wait + want.lease_seconds, is_stats) end
  end
  expire(record, now)
  for _, guard in pairs(record.windows) do prune(guard, now) end
  return exact(now), is_granted and '1' or '0', exact(wait),
    message.wants_state and state_of(record) or ''
end

local function pack(record)
  local windows = {}
  for window, guard in pairs(record.windows) do
    windows[window] = {times = guard.times, counts = guard.counts}
  end
  record.windows = windows
  return cmsgpack.pack(record)
end

local visit, wall = cjson.decode(ARGV[1]), clock()
limits = visit.message.limits
local window = limits.minute + limits.margin
local kept = redis.call('GET', KEYS[1])
local record = kept and cmsgpack.unpack(kept) or new_record(visit.new_name, wall)
local now = math.max(record.last, wall + record.offset)
if visit.known == '' then
  local began = age()
  if not kept or record.last - record.offset <= wall - began then
    hold(record, now - began + window)
  end
end
local before = record.last
record.last, record.offset = now, now - wall
if visit.known == record.name and visit.visits > record.visits then
  record.name, record.born = visit.new_name, now
  record.complete_until, record.restored = before, {}
end
local is_known = visit.known == '' or visit.known == record.name
if not is_known then hold(record, record.born + window) end
record.visits = record.visits + 1
local result = {record.name, tostring(record.visits), exact(now - record.complete_until)}
if is_known then
  if visit.history ~= cjson.null and not record.restored[visit.participant] then
    record.restored[visit.participant] = true
    put_back(record, now, visit.history)
  end
  arm(record)
  for _, each in ipairs({answer(record, now, visit.message)}) do result[#result + 1] = each end
end
redis.call('SET', KEYS[1], pack(record), 'PX', math.ceil(2000 * (limits.hour + limits.margin)))
return result
