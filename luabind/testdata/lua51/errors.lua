-- 2.7, 5.1: errors that scripts raise and catch
print(pcall(error, "plain", 0))
print(select("#", pcall(error)))
local ok, e = pcall(error, { code = 7 })
print(ok, type(e), e.code)
print(pcall(function() return 1, 2, 3 end))
print((pcall(function() local x = nil return x.y end)))
print((pcall(function() return 1 + {} end)))
print((pcall(function() return {} < {} end)))
print((pcall(function() return 1 < "2" end)))
print((pcall(function() return #5 end)))
print((pcall(function() local t = {} t[nil] = 1 end)))
print((pcall(function() local t = {} t[0 / 0] = 1 end)))
print(pcall(pcall, error, "x", 0))
print(xpcall(function() error("a", 0) end, function(m) return m .. "b" end))
print(xpcall(function() return "fine", 2 end, print))
print(select(2, pcall(error, "level 2", 2)) ~= nil)
local function thrower() error("at the caller", 2) end
local ok2, where = pcall(function() thrower() end)
print(ok2, (where:gsub("^.-:(%d+):", "line %1:")))
local ok3, here = pcall(function() error("here") end)
print(ok3, (here:gsub("^.-:(%d+):", "line %1:")))
print(pcall(assert, false, "message"))
print(pcall(assert, nil))
print(assert(1, 2, 3))
print(pcall(function() pcall(error, "inner", 0) error("outer", 0) end))
local depth = 0
local function nest() depth = depth + 1 if depth < 50 then local ok, m = pcall(nest) error(m, 0) end error("bottom", 0) end
print(pcall(nest))
print(depth)
local n = 1
pcall(function() n = 2 error() end)
n = n + 1
print(n)
return {}
