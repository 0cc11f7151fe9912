-- What a compiler gets wrong easily, and gopher-lua's does without help
local x, y, z = 1, 2, 3
x, y = y, x
print(x, y)
x, y, z = z, x, y
print(x, y, z)
local t = { 1, 2, 3 }
local i = 1
i, t[i] = i + 1, 20
print(i, t[1], t[2])
t[i], i = 30, i + 1
print(i, t[1], t[2], t[3])
local function last(s) s = s .. "x" return s end
local function last2(a, s) s = a .. s .. a return s end
local function bracketed(s) s = (tostring(s)) return s end
local function chosen(s) s = true and tostring(s) return s end
print(last("1"), last2("2", "3"), bracketed(4), chosen(5))
for k, v in next, { 10 } do print(k, v) end
local n = 0
while true do if false then print("never") end n = n + 1 if n > 3 then break end end
print(n)
repeat local stop = n < (false and 1 or n) n = n + 1 until stop or n > 6
print(n)
while nil do print("never") end
if nil then print("never") elseif false then print("never") else print("else") end
print(not nil, not 1, not not "x", nil and 1, false or nil, 1 and 2, nil or "a", false and 1 or 2, 1 and nil or 3)
local function two() return 1, 2 end
print(true and two(), (false or two()))
local u = { (two()), two() }
print(#u, (two()))
local s = ""
for k = 1, 3 do
  local f = function() return k .. s end
  s = f() .. (k == 2 and "!" or "")
end
print(s)
return {}
