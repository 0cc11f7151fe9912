-- 5.4: string functions, byte by byte
print(("hello"):len(), #"a\0b", ("x"):rep(0), ("ab"):rep(3), ("x"):rep(-1))
print(("hello"):sub(2), ("hello"):sub(2, 3), ("hello"):sub(-3), ("hello"):sub(-3, -2), ("hello"):sub(0), ("hello"):sub(10), ("hello"):sub(3, 2), ("hello"):sub(-100, 100))
print(("hello"):byte(), ("hello"):byte(2), ("hello"):byte(-1), ("hello"):byte(10), ("hello"):byte(1, 3))
print(string.char(72, 105), string.char() == "", ("%d"):format(string.byte("\255")))
print(("Hello World"):upper(), ("Hello World"):lower(), ("\228\246"):upper() == "\228\246", ("hello"):reverse(), (""):reverse())
print(("hello world"):find("o w"), ("hello"):find("l"), ("hello"):find("xyz"), ("hello"):find(""), ("hello"):find("", 10), ("hello"):find("l", -2), ("a.b"):find(".", 1, true), ("a+b"):find("+", 1, true))
print(("hello"):find("(l)(l)"), ("hello"):find("()ll()"))
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("2024-01-31"):match("(%d+)-(%d+)-(%d+)"), ("x"):match("y"), ("  trim  "):match("^%s*(.-)%s*$") .. "|")
for k, v in ("a=1, b=2, c=3"):gmatch("(%w+)=(%w+)") do print(k, v) end
for w in ("one two  three"):gmatch("%a+") do print(w) end
print(("hello world"):gsub("o", "0"), ("hello"):gsub("l", "L", 1), ("hello"):gsub("", "-"), ("abc"):gsub("%w", "%0%0"), ("abc def"):gsub("(%w+) (%w+)", "%2 %1"))
print(("$name is $age"):gsub("%$(%w+)", { name = "Bob", age = 42 }), ("hello"):gsub("[aeiou]", function(v) return v:upper() end), ("abc"):gsub("b", function() return nil end), ("abc"):gsub("b", function() return false end))
print(("abc"):gsub("b", "%%"), ("x^y"):gsub("%^", "**"), ("a b c"):gsub(" ", "", 1))
print(("hello"):gsub("l+", function(...) return select("#", ...) end))
print(tostring(12), tostring(nil), tostring(true), tostring("x"), tostring(1.5))
print(("abc" < "abd"), ("a" .. 1 .. 2.5))
print(("%5d|%-5d|%05d|%+d|% d"):format(42, 42, 42, 42, 42))
print(("%s %q"):format("x", 'a "quoted" \\ line\nnext\0zero\r'))
-- a numeral stands for a number, and a number for its text
print(("x"):rep("3"), ("hello"):sub("2"), ("hello"):sub("2", " 0x3 "), ("hello"):byte("-1"), string.char("65", 66), ("hello"):find("l", "4"), ("hello"):match("l(.)", "4"))
print(string.len(10), string.rep(1, 2), string.sub(12345, 2, 3), string.upper(1.5), string.reverse(123), string.find(123, 2), (string.gsub(121, 1, 3)), (string.gsub("aaa", "a", "b", "2")))
print(string.len(1 / 3), string.sub(1e15, 1), string.byte(7), string.gsub("x", "x", 0.1))
print(select("2", "a", "b"), table.concat({ 1, 2, 3 }, 0, "2", "3"), unpack({ 1, 2, 3 }, "2", "3"))
print(math.floor("2.5"), math.max("3", 4), math.sqrt("16"), math.fmod("7", "4"), tonumber("ff", "16"), tonumber(10, 16), tonumber(7))
local list = { 1, 2 }
table.insert(list, "1", 0)
print(table.remove(list, "2"), list[1], list[2])
print(pcall(string.rep, "x", "y") == false, pcall(string.rep, {}, 1) == false, pcall(math.floor, "z") == false, pcall(string.char, "x") == false)
return {}
