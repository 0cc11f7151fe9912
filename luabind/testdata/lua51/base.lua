-- 5.1, 5.6: base functions and math
print(tonumber("10"), tonumber("0x1F"), tonumber("  12  "), tonumber("1e3"), tonumber("1.5e-2"), tonumber(".5"), tonumber("5."), tonumber("x"), tonumber(""), tonumber("1 2"), tonumber(nil == nil and "7"))
print(tonumber("ff", 16), tonumber("FF", 16), tonumber("777", 8), tonumber("1010", 2), tonumber("zz", 36), tonumber("8", 8), tonumber("010"), tonumber("+5"), tonumber("--5"), tonumber("0x"), tonumber("1_000"))
print(tonumber({}), tonumber(true), tonumber("10", 10), tonumber("9007199254740993"), tonumber("1e400") == math.huge)
print(math.floor(3.7), math.floor(-3.7), math.ceil(3.2), math.ceil(-3.2), math.abs(-5), math.max(3, 1, 2), math.min(3, 1, 2), math.sqrt(16), math.pi)
print(math.fmod(7, 3), math.fmod(-7, 3), math.modf(3.7), math.modf(-3.7), math.pow(2, 8), math.exp(0), math.log(1), math.log10(1000), math.huge, -math.huge)
print(math.sin(0), math.cos(0), math.tan(0), math.asin(1), math.acos(1), math.atan(1), math.atan2(1, 1), math.deg(math.pi), math.rad(180), math.sinh(0), math.cosh(0), math.tanh(0))
print(math.frexp(8), math.ldexp(0.5, 4))
for _ = 1, 100 do local r = math.random() assert(r >= 0 and r < 1) local i = math.random(6) assert(i >= 1 and i <= 6 and i % 1 == 0) local j = math.random(-3, 3) assert(j >= -3 and j <= 3) end
print((pcall(math.random, 0)), (pcall(math.random, 2, 1)), (pcall(math.floor, "x")), math.floor("3.7"))
print(type(_VERSION), _VERSION)
print(select("#"), select("#", 1, nil), (pcall(select, 0)))
print(tostring(-0), tostring(1e15), tostring(2 ^ 63), tostring(-1.5), tostring(1e300 * 1e10), tostring(-1e300 * 1e10))
print(rawget(setmetatable({}, { __index = { a = 1 } }), "a"))
return {}
