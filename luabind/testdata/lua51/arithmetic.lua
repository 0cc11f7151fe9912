-- 2.5.1, 2.5.2, 2.5.3: operators, coercions, precedence
print(7 + 3, 7 - 3, 7 * 3, 7 / 2, 7 % 3, 2 ^ 10, -7)
print(-7 % 3, 7 % -3, -7 % -3, 5.5 % 2, -5.5 % 2, 0 % 5)
print(1 / 0, -1 / 0, 1e308 * 10, 0 == -0)
print("10" + 5, "3" * "4", "0x10" + 0, " 7 " + 1, 10 .. 20, 1.5 .. "")
print(2 ^ 3 ^ 2, -2 ^ 2, not nil == true, 1 .. 2 == "12", 2 * 3 + 4 * 5, (2 + 3) * 4)
print(1 < 2, 2 <= 2, 3 > 4, 4 >= 4, 1 == 1, 1 ~= 1, "a" < "b", "a" < "B", "Z" < "a", "" < "a", "a\0b" < "a\0c")
print(1 == "1", "0" == 0, nil == false, {} == {}, "abc" == "abc")
print(10 or error(), nil or "a", nil and 10, false and error(), false and nil, false or nil, 10 and 20)
print(not 0, not "", not nil, not false)
local nan = 0 / 0
print(nan == nan, nan ~= nan, nan < 1, nan > 1)
print(#"abc", #"", #{ 1, 2, 3 }, #{ n = 1 })
print(1e15, 1e14, 123456789012, 1e100, 0.1, 1 / 3, 100, 1e-5, 123456.789, -1e15, 2 ^ 53)
return {}
