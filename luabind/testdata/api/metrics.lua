local check = require "check"
local M = {}

M["counts"] = function()
  local c = metrics.counter("c", { labels = { "route", "ok" } })
  assert(c:add(1, { route = "a", ok = true }) and c:add(2, { route = "a", ok = true }) and c:add(5, { route = "b", ok = false }))
  check.equal(c:value({ route = "a", ok = true }), 3)
  check.equal(metrics.counter("c", { labels = { "route", "ok" } }):value({ route = "b", ok = false }), 5)
  local g = metrics.gauge("g")
  assert(g:set(5) and g:add(-2))
  check.equal(g:value(), 3)
  local h = metrics.histogram("h", { buckets = { 1, 2 } })
  assert(h:observe(0.5) and h:observe(1.5) and h:observe(9))
end

M["buckets"] = function()
  for text, buckets in pairs {
    ["buckets[2] must be a finite number, is number +Inf"] = { 1, 1 / 0 },
    ["buckets[1] must be a finite number, is number NaN"] = { 0 / 0 },
    ["buckets[3] must be greater than the one before, 5, is 2"] = { 1, 5, 2 },
    ["buckets[2] must be greater than the one before, 1, is 1"] = { 1, 1 },
    ["buckets[1] must be a finite number, is string"] = { "1" },
    ["1 to 50 buckets, not 0"] = {},
  } do check.raises(text, metrics.histogram, "wrong_buckets", { buckets = buckets }) end
  local many = {}
  for i = 1, 100000 do many[i] = tostring(i) end
  check.raises("1 to 50 buckets, not 100000", metrics.histogram, "wrong_buckets", { buckets = many })
  check.raises("at most 8 labels, not 100000", metrics.counter, "wrong_labels", { labels = many })
  assert(metrics.histogram("negative", { buckets = { -1.5, 0, 1e9 } }):observe(-2))
end

M["what it refuses"] = function()
  local c = metrics.counter("d", { labels = { "route" } })
  check.raises("a counter only grows", c.add, c, -1, { route = "a" })
  check.raises("needs the label 'route'", c.add, c, 1)
  check.raises("has no label 'rout'; did you mean 'route'", c.add, c, 1, { route = "a", rout = "b" })
  check.raises("must be a finite number", c.add, c, 0 / 0, { route = "a" })
  check.raises("at most 200", c.add, c, 1, { route = ("x"):rep(201) })
  check.raises("is declared in this script already", metrics.gauge, "d")
  for _, name in ipairs { "esmehost_up", "go_x", "process_x" } do
    check.raises("'" .. name .. "' begins with", metrics.counter, name)
  end
  metrics.histogram("q")
  metrics.counter("p_sum")
  for _, part in ipairs { "_bucket", "_sum", "_count" } do
    check.raises("would have series of the same name", metrics.counter, "q" .. part)
  end
  check.raises("the histogram p and the counter p_sum of this script", metrics.histogram, "p")
  check.raises("is no name for a metric", metrics.counter, "a b")
  check.raises("is no name for a label", metrics.counter, "e", { labels = { "bind" } })
  check.raises("greater than the one before", metrics.histogram, "f", { buckets = { 2, 1 } })
  check.raises("1 to 50 buckets", metrics.histogram, "f", { buckets = {} })
  check.raises("a counter has no 'set'", function() return c.set end)
end

M["cardinality is capped"] = function()
  local c = metrics.counter("ids", { labels = { "id" } })
  local err
  for i = 1, 5000 do
    local ok, e = c:add(1, { id = i })
    if not ok then
      err = e
      break
    end
  end
  check.fails("limit", nil, err)
  check.equal(c:value({ id = 1 }), 1)
end

return M
