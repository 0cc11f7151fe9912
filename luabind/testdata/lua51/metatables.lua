-- 2.8: metatables
local V = {}
V.__index = V
local function new(x, y) return setmetatable({ x = x, y = y }, V) end
local function show(v) return type(v) == "table" and "(" .. v.x .. "," .. v.y .. ")" or tostring(v) end
V.__add = function(a, b) return new(a.x + b.x, a.y + b.y) end
V.__sub = function(a, b) return new(a.x - b.x, a.y - b.y) end
V.__mul = function(a, b) if type(a) == "number" then return new(a * b.x, a * b.y) end return new(a.x * b, a.y * b) end
V.__div = function(a, b) return new(a.x / b, a.y / b) end
V.__mod = function(a, b) return new(a.x % b, a.y % b) end
V.__pow = function(a, b) return new(a.x ^ b, a.y ^ b) end
V.__unm = function(a) return new(-a.x, -a.y) end
V.__eq = function(a, b) return a.x == b.x and a.y == b.y end
V.__lt = function(a, b) return a.x < b.x end
V.__le = function(a, b) return a.x <= b.x end
V.__concat = function(a, b) return show(a) .. "~" .. show(b) end
V.__call = function(self, a, b) return self.x, a, b end
V.__tostring = function(a) return "V" .. show(a) end
function V:len2() return self.x * self.x + self.y * self.y end
local a, b = new(3, 4), new(1, 2)
print(show(a + b), show(a - b), show(a * 2), show(2 * a), show(a / 2), show(a % 2), show(a ^ 2), show(-a))
print(a == b, a == new(3, 4), a ~= b, a < b, a <= b, a > b, a >= b, rawequal(a, new(3, 4)))
print(a .. b, a .. "x", "x" .. a, 1 .. a, a .. 1)
print(a(7, 8), tostring(a), a:len2())
local log = {}
local proxy = setmetatable({}, { __index = function(_, k) log[#log + 1] = "get " .. tostring(k) return k end,
  __newindex = function(t, k, v) log[#log + 1] = "set " .. tostring(k) rawset(t, k, v) end })
print(proxy.a, proxy[1])
proxy.a = 1
proxy.a = 2
print(proxy.a, rawget(proxy, "b"), table.concat(log, ";"))
local base = { greet = function() return "hi" end }
local mid = setmetatable({}, { __index = base })
local top = setmetatable({}, { __index = mid })
print(top.greet(), top.none)
local store = {}
local w = setmetatable({}, { __newindex = store })
w.k = 5
print(rawget(w, "k"), store.k)
local p = setmetatable({}, { __metatable = "locked" })
print(getmetatable(p), pcall(setmetatable, p, {}))
print(getmetatable({}), getmetatable(a) == V)
print(setmetatable({}, nil) ~= nil)
local d = setmetatable({}, { __index = function(t, k) local v = k * 2 rawset(t, k, v) return v end })
print(d[4], rawget(d, 4), rawget(d, 5))
return {}
