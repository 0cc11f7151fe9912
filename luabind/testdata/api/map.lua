local check = require "check"
local M = {}

M["values are copies"] = function()
  local m = map.open("copies", { max = 10 })
  local t = { n = { 1 }, p = pdu.submit_sm { source_addr = "1" }, yes = true }
  assert(m:set("a", t))
  t.n[1] = 2
  local got = m:get("a")
  check.equal(got.n[1], 1)
  check.equal(got.p.source_addr, "1")
  check.equal(got.yes, true)
  got.n[1] = 3
  check.equal(m:get("a").n[1], 1)
  check.raises("value.f is a function", m.set, m, "b", { f = print })
  check.raises("must not be nil", m.set, m, "b", nil)
end

M["a full one refuses, or drops the oldest"] = function()
  local m = map.open("full", { max = 2 })
  assert(m:set("a", 1) and m:set("b", 2))
  check.fails("full", m:set("c", 3))
  assert(m:set("a", 4)) -- is there already: b is the oldest now
  check.equal(#m, 2)
  local e = map.open("full", { max = 2, full = "evict" })
  assert(e:set("c", 3))
  check.equal(e:get("b"), nil)
  check.equal(e:get("a") + e:get("c"), 7)
  local smaller = map.open("full", { max = 1 })
  check.equal(smaller:len(), 2) -- a smaller max drops nothing by itself
  check.fails("full", smaller:set("d", 5))
  check.equal(smaller:take("a") + smaller:take("c"), 7)
  assert(smaller:set("d", 5))
  check.fails("full", smaller:add("e"))
  local eager = map.open("full", { max = 1, full = "evict" })
  assert(eager:set("f", 6))
  check.equal(eager:get("d"), nil)
  check.equal(eager:get("f"), 6)
end

M["a number that is none spoils no entry"] = function()
  local m = map.open("numbers", { max = 2 })
  check.raises("must be a finite number", m.add, m, "a", 0 / 0)
  check.raises("must be a finite number", m.add, m, "a", 1 / 0)
  check.equal(m:get("a"), nil)
end

M["all that it does"] = function()
  local m = map.open("all", { max = 100 })
  for i = 1, 50 do assert(m:set("k" .. i, i)) end
  assert(m:delete("k10") and not m:delete("k10"))
  check.equal(m:take("k11"), 11)
  check.equal(m:take("k11"), nil)
  local sum, n, first = 0, 0, nil
  for k, v in m:pairs() do
    first = first or k
    sum, n = sum + v, n + 1
    m:delete(k)
  end
  check.equal(n, 48)
  check.equal(sum, 50 * 51 / 2 - 21)
  check.equal(first, "k1")
  check.equal(m:len(), 0)
  check.equal(m:add("tries"), 1)
  check.equal(m:add("tries", 2.5), 3.5)
  m:set("word", "x")
  check.fails("no_number", m:add("word"))
  check.equal(m:clear(), 2)
  check.equal(tostring(m), "map all")
end

M["what it refuses"] = function()
  check.raises("option 'max' is missing", map.open, "x", {})
  check.raises("unknown option 'maxx'; did you mean 'max'", map.open, "x", { maxx = 1 })
  check.raises("unknown field 'tto'; did you mean 'to'", sms.submit, { tto = "1", text = "x" })
  check.raises("must be 1 to 5000000", map.open, "x", { max = 0 })
  check.raises("must be 1 to 5000000", map.open, "x", { max = 1e9 })
  check.raises("unknown option 'tll'; did you mean 'ttl'", map.open, "x", { max = 1, tll = 5 })
  check.raises("1 to 100 octets", map.open, "", { max = 1 })
  local m = map.open("x", { max = 1 })
  check.raises("at most 1024", m.set, m, ("k"):rep(1025), 1)
  check.raises("at most 65536", m.set, m, "k", ("v"):rep(70000))
  check.raises("argument 1 (key) must be a string, is number 1", m.get, m, 1)
  check.raises("with a colon: m:get(...)", m.get, "k")
  check.raises("a map has no 'claer'; did you mean 'clear'", function() return m.claer end)
  check.raises("is read-only", function() m.x = 1 end)
end

M["many names are refused"] = function()
  check.raises("100 maps already", function()
    for i = 1, 200 do map.open("many" .. i, { max = 1 }):len() end
  end)
end

return M
