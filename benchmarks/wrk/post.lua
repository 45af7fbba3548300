-- Posts the bodies of a file (one a line), in turn, and counts the answers by status.
--
-- wrk ... -s post.lua URL -- BODIES [MEAN_DELAY_MS] [TOKEN]
--
-- With a mean delay every connection waits 0.5 to 1.5 times that long before each request, so that C
-- connections ask about C / delay times a second. Prints one line of JSON.

local threads = {}

function setup(thread)
  thread:set("seed", #threads + 1)
  table.insert(threads, thread)
end

function init(args)
  local bodies = {}
  for line in io.lines(args[1]) do
    table.insert(bodies, line)
  end
  mean = tonumber(args[2] or "0")
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  if args[3] then
    wrk.headers["Authorization"] = "Bearer " .. args[3]
  end
  requests = {}
  for i, body in ipairs(bodies) do
    requests[i] = wrk.format(nil, nil, nil, body)
  end
  math.randomseed(seed)
  place = math.random(#requests)
  no_retry_after = 0
  if mean == 0 then
    delay = nil
  end
end

function delay()
  return math.floor(mean * (0.5 + math.random()))
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function response(status, headers)
  local name = "status_" .. status
  _G[name] = (_G[name] or 0) + 1
  if status == 429 and not (headers["retry-after"] or headers["Retry-After"]) then
    no_retry_after = no_retry_after + 1
  end
end

function done(summary, latency)
  local total, without = {}, 0
  for _, thread in ipairs(threads) do
    for code = 100, 599 do
      local n = thread:get("status_" .. code)
      if n then
        total[code] = (total[code] or 0) + n
      end
    end
    without = without + thread:get("no_retry_after")
  end
  local statuses = {}
  for code, n in pairs(total) do
    table.insert(statuses, string.format('"%s": %d', code, n))
  end
  local e = summary.errors
  print(string.format(
    '{"requests": %d, "seconds": %.3f, "p50_ms": %.3f, "p90_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f, ' ..
    '"statuses": {%s}, "429_without_retry_after": %d, "connect_errors": %d, "read_errors": %d, ' ..
    '"write_errors": %d, "timeouts": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3, table.concat(statuses, ", "), without, e.connect, e.read,
    e.write, e.timeout))
end
