-- Posts events with an id of their own each: one object, or an array of FLOWDECK_BATCH, to customers c0 … cN-1.
-- Prints one line of JSON at the end. Settings: FLOWDECK_{BATCH,CUSTOMERS,NAME,KEY,DATA,PATH,RUN}; %c in PATH is the customer.
local batch = tonumber(os.getenv("FLOWDECK_BATCH") or "1")
local customers = tonumber(os.getenv("FLOWDECK_CUSTOMERS") or "10000")
local name = os.getenv("FLOWDECK_NAME") or "order.paid"
local data = os.getenv("FLOWDECK_DATA") or '{"total":120.5,"kind":"book"}'
local path = os.getenv("FLOWDECK_PATH") or "/v1/events"
local run = os.getenv("FLOWDECK_RUN") or "r"
local threads = 0

function setup(thread)
  thread:set("thread_number", threads)
  threads = threads + 1
end

function init(args)
  sent = 0
  math.randomseed(thread_number + 7)
  headers = { ["Content-Type"] = "application/json" }
  local key = os.getenv("FLOWDECK_KEY")
  if key then headers["Authorization"] = "Bearer " .. key end
end

local function event(customer)
  sent = sent + 1
  return string.format('{"id":"%s-%d-%d","name":"%s","customer":"c%d","data":%s}',
    run, thread_number, sent, name, customer, data)
end

function request()
  local customer = math.random(0, customers - 1)
  local body
  if batch == 1 then
    body = event(customer)
  else
    local events = {}
    for i = 1, batch do events[i] = event(math.random(0, customers - 1)) end
    body = "[" .. table.concat(events, ",") .. "]"
  end
  return wrk.format("POST", (path:gsub("%%c", "c" .. customer)), headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.3f,"p50_ms":%.3f,"p99_ms":%.3f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
