-- 2.5.6, 5.5: tables
local t = { 1, 2, 3, [10] = "ten", x = "y", ["a b"] = 1, [1.5] = "half", [true] = "yes"; "four" }
print(#{ 1, 2, 3 }, t[4], t[10], t.x, t["a b"], t[1.5], t[true], t.none)
local l = { "a", "b", "c" }
table.insert(l, "d") table.insert(l, 1, "z") table.insert(l, 3, "m")
print(table.concat(l, ","), #l)
print(table.remove(l), table.remove(l, 1), table.remove(l, 2), table.concat(l, ","), table.remove({}), #l)
print(table.concat({}), table.concat({ 1, 2, 3 }, ", "), table.concat({ 1, 2, 3 }, "-", 2), table.concat({ 1, 2, 3 }, "-", 2, 2), table.concat({ "a", 1, 2.5 }), table.concat({ 1, 2 }, ",", 3))
print((pcall(table.concat, { 1, {}, 3 })), (pcall(table.concat, { 1, 2 }, ",", 1, 3)))
local s = { 5, 2, 8, 1, 9, 3 }
table.sort(s) print(table.concat(s, " "))
table.sort(s, function(a, b) return a > b end) print(table.concat(s, " "))
local w = { "pear", "Apple", "fig", "apple" } table.sort(w) print(table.concat(w, " "))
print((pcall(table.sort, { 1, "x", 2 })))
print(table.maxn { 1, 2, nil, 4 }, table.maxn {}, table.maxn { x = 1 })
print(unpack { 1, 2, 3 }) print(unpack({ 1, 2, 3 }, 2)) print(unpack({ 1, 2, 3 }, 2, 3)) print(unpack({ 1, 2 }, 1, 4)) print(select("#", unpack({}, 1, 3)))
local sum = 0 for i, v in ipairs { 10, 20, nil, 40 } do sum = sum + i * v end print(sum)
local keys = {} for k in pairs { a = 1, b = 2, c = 3, 10, 20 } do keys[#keys + 1] = tostring(k) end table.sort(keys) print(table.concat(keys, " "))
local d = {} for i = 1, 100 do d["k" .. i] = i end
local n = 0 for k, v in pairs(d) do d[k] = nil n = n + v end print(n, next(d))
for i = 1, 10 do d[i] = i end for i = 1, 10 do d[i] = nil end print(next(d), #d)
local e = { 1, 2, 3 } for i, v in ipairs(e) do if i == 1 then e[4] = 4 end if i > 10 then break end n = n + v end print(n)
local h = {} h[3] = "c" h[1] = "a" h[2] = "b" print(#h, table.concat(h))
local big = {} for i = 1, 1000 do big[i] = i end for i = 1000, 501, -1 do big[i] = nil end print(#big)
print(rawget({ 5 }, 1), rawequal(t, t), rawequal("a", "a"), next({}), next({ 7 }))
local r = rawset({}, "a", 1) print(r.a)
local m = { { 1, 2 }, { 3, 4 } } print(m[2][1], #m, #m[1])
local c = 0 for _ in pairs(setmetatable({ 1, 2 }, { __index = { 1, 2, 3 } })) do c = c + 1 end print(c)
print(table.getn { 1, 2, 3 }, #"")
local order = {} for k, v in pairs { 1, 2, 3 } do order[#order + 1] = k .. "=" .. v end print(table.concat(order, " "))
print(next({ 1, 2 }, 1)) print(next({ 1, 2 }, 2))
return {}
