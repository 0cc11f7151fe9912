-- 2.11, 5.2: coroutines
local function foo(a) return coroutine.yield(2 * a) end
local co = coroutine.create(function(a, b)
  local r = foo(a + 1)
  local r2, s = coroutine.yield(a + b, a - b)
  return b, "end", r, r2, s
end)
print(coroutine.resume(co, 1, 10))
print(coroutine.resume(co, "r"))
print(coroutine.resume(co, "x", "y"))
print(coroutine.resume(co, "x", "y"))
print(coroutine.status(co))
local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
print(gen(), gen(), gen(), gen())
print(pcall(gen))
local c2 = coroutine.create(function() error("inside", 0) end)
print(coroutine.resume(c2))
print(coroutine.status(c2))
local c3
c3 = coroutine.create(function() print(coroutine.status(c3), coroutine.running() == c3) coroutine.yield() end)
print(coroutine.status(c3))
coroutine.resume(c3)
print(coroutine.status(c3))
print(coroutine.resume(coroutine.create(function(...) return select("#", ...), ... end), 1, nil, 3))
local outer = coroutine.wrap(function()
  local inner = coroutine.wrap(function() coroutine.yield("inner 1") coroutine.yield("inner 2") end)
  coroutine.yield(inner())
  coroutine.yield("outer")
  coroutine.yield(inner())
end)
print(outer(), outer(), outer())
local function perm(a, n)
  n = n or #a
  if n <= 1 then coroutine.yield(a) return end
  for i = 1, n do
    a[n], a[i] = a[i], a[n]
    perm(a, n - 1)
    a[n], a[i] = a[i], a[n]
  end
end
for p in coroutine.wrap(function() perm { 1, 2, 3 } end) do print(p[1], p[2], p[3]) end
local last = coroutine.wrap(function() return coroutine.yield(1) end)
print(last(), last(2, 3))
local tail = coroutine.wrap(function() local y = coroutine.yield return y("tail") end)
print(tail(), tail("back"))
print(pcall(coroutine.wrap(function() return pcall(error, "caught", 0) end)))
local c4 = coroutine.create(function() return pcall(coroutine.yield, 1) end)
print((select(2, coroutine.resume(c4))))
print(type(coroutine.running()))
-- one that waits for another cannot be resumed, nor can the running one, and both say so
local a, b
a = coroutine.create(function()
  print(coroutine.resume(a))
  print(coroutine.status(a), coroutine.running() == a)
  print(coroutine.resume(b))
  print(pcall(function() return coroutine.resume(a) end))
  return "a"
end)
b = coroutine.create(function()
  print(pcall(coroutine.resume, a))
  print(coroutine.resume(a))
  print(coroutine.status(a), coroutine.status(b))
  print(pcall(function() return coroutine.status(a), coroutine.status(b), coroutine.running() == b end))
  return "b"
end)
print(coroutine.resume(a))
print(coroutine.status(a), coroutine.status(b), coroutine.running())
print(pcall(coroutine.running))
print(pcall(coroutine.wrap(function() error("flat", 0) end)))
local dead = coroutine.wrap(function() end)
dead()
print(pcall(dead))
return {}
