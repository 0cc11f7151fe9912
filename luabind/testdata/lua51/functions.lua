-- 2.5.7 to 2.5.9, 2.6: calls, varargs, closures
local function count(...) return select("#", ...) end
local function pack(...) return { n = select("#", ...), ... } end
local function r(a, b, ...) return a, b, ... end
print(count(), count(nil), count(nil, nil), count(r(1)), count(r(1, 2, 3, 4)), count((r(1, 2))))
print(r(1), r(1, 2), r(1, 2, 3))
print(({ r(1, 2, 3), r(1, 2, 3) })[4], #{ r(1, 2, 3), r(1, 2, 3) })
local packed = pack(1, nil, 3, nil)
print(packed.n, packed[1], packed[2], packed[3], packed[4])
print(select(2, "a", "b", "c"), select(-1, "a", "b", "c"), (select(2, "a", "b")))
print((function(...) return ... end)(1, 2, 3))
print((function(...) local a, b = ... return b, a end)(1, 2, 3))
local function sum(n, acc) if n == 0 then return acc end return sum(n - 1, acc + n) end
print(sum(100000, 0))
local function counter() local n = 0 return function() n = n + 1 return n end, function() return n end end
local inc, get = counter()
local inc2 = counter()
inc() inc() inc2()
print(get(), inc(), inc2())
local a = {}
local x = 20
for i = 1, 3 do local y = 0 a[i] = function() y = y + 1 return x + y end end
print(a[1](), a[1](), a[2](), a[3]())
local obj = { v = 5 }
function obj.static(v) return v end
function obj:method(d) return self.v + d end
obj.a = { b = {} }
function obj.a.b.c() return "deep" end
function obj.a.b:d() return self == obj.a.b end
print(obj.static(1), obj:method(2), obj.a.b.c(), obj.a.b:d())
local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end
print(fact(10))
print(type(print), type(nil), type({}), type("x"), type(2), type(true), type(coroutine.create(function() end)))
print((("x"):rep(3)))
print(pcall(function(...) return select("#", ...) end, nil, nil, nil))
local function shared()
  local v = 1
  local set = function(x) v = x end
  local get = function() return v end
  pcall(function() set(2) error("x") end)
  v = v + 1
  return get()
end
print(shared())
return {}
