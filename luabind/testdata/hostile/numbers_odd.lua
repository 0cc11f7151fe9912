-- every number that is none, in every function that takes one
-- ends: fine limits error
local odd = { 0 / 0, 1 / 0, -1 / 0, 2 ^ 53, -2 ^ 53, 2 ^ 63, -2 ^ 63, 1e308, -1e308, 0.5, -0.5, 2 ^ 31, -2 ^ 31, 2 ^ 32, 4194305 }
local t = { 1, 2, 3 }
local calls = {
  function(n) return ("xyz"):rep(n) end, function(n) return ("xyz"):sub(n, n) end, function(n) return ("xyz"):byte(n, n) end,
  function(n) return ("xyz"):byte(1, n) end, function(n) return ("xyz"):find("y", n) end, function(n) return ("xyz"):gsub("y", "z", n) end,
  function(n) return unpack(t, n, n) end, function(n) return unpack(t, 1, n) end, function(n) return unpack(t, n) end,
  function(n) return table.concat(t, ",", n, n) end, function(n) return table.concat(t, ",", n) end, function(n) return table.concat(t, ",", 1, n) end,
  function(n) return table.insert({ 1, 2 }, n, 1) end, function(n) return table.remove({ 1, 2 }, n) end, function(n) return select(n, 1, 2) end,
  function(n) return ("%c%d%x%g%5.3f"):format(n, n, n, n, n) end, function(n) return math.random(n) end, function(n) return math.random(-n, n) end,
  function(n) return string.char(n) end, function(n) return tostring(n):rep(2) end, function(n) t[n] = 1 end, function(n) return rawget(t, n) end,
  function(n) for i = n, n + 3 do t.last = i end end, function(n) for i = 1, n, n do t.last = i end end, function(n) return next(t, n) end,
  function(n) return esme.sleep(n) end, function(n) return esme.send_after(n, n) end, function(n) return timer.every(n, n) end,
  function(n) return time.format(n) end, function(n) return time.format(n, "2006") end, function(n) return time.smpp(n) end,
  function(n) return map.open("odd" .. n, { max = n }) end, function(n) return map.open("odder", { ttl = n }) end,
  function(n) return pdu.submit_sm { esm_class = n, sm_length = n, data_coding = n } end, function(n) return pdu.new(n, {}) end,
  function(n) return pdu.deliver_sm {}:tlv(n) end, function(n) return json.encode { n } end, function(n) return json.encode { [n] = n } end,
  function(n) return sms.submit { to = "1", from = "2", text = "x", data_coding = n } end, function(n) return metrics.counter("c"):add(n) end,
  function(n) return metrics.gauge("g"):set(n) end, function(n) return metrics.histogram("h"):observe(n) end, function(n) return error("x", n) end,
  function(n) return tonumber("zz", n) end, function(n) return coroutine.wrap(n) end, function(n) return esme.defer(n, n) end,
}
local function all(state)
  for _, f in ipairs(calls) do
    for _, n in ipairs(odd) do pcall(f, n) end
  end
  return state
end
return { init = function() return {} end, handle_pdu = function(p, state) return all(state) end, handle_info = function(m, state) return state end }
