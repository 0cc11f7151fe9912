-- 2.4: assignments, control structures, for
local i, a = 3, {}
i, a[i] = i + 1, 20
print(i, a[3], a[4])
local x, y = 1, 2
x, y = y, x
print(x, y)
local p, q, r = (function() return 1, 2, 3 end)()
print(p, q, r)
local s, t = ((function() return 1, 2 end)())
print(s, t)
local u, v, w = 0, (function() return 1, 2 end)()
print(u, v, w)
local n = 0
while n < 3 do n = n + 1 if n == 2 then break end end
print(n)
repeat local done = n >= 5 n = n + 1 until done
print(n)
for k = 10, 1, -4 do print("down", k) end
for k = 1, 0 do print("never") end
for k = 0.1, 0.35, 0.1 do print("fraction", k) end
for k = 1, 3 do local k = k * 2 print("shadow", k) end
if nil then print "no" elseif 0 then print "zero is true" else print "no" end
for k, v in next, { 10 } do print(k, v) end
local fns = {}
for k = 1, 3 do fns[k] = function() return k end end
print(fns[1](), fns[2](), fns[3]())
do local function f() return 1 end local g = f f = nil print(g()) end
local t1 = {}
for k = 1, 3 do
  for j = 1, 3 do
    if j == 2 then break end
    t1[#t1 + 1] = k .. ":" .. j
  end
end
print(table.concat(t1, " "))
return {}
