-- 5.4.1: patterns
local function m(s, p, ...) return s:match(p, ...) end
print(m("abc123", "%a+"), m("abc123", "%d+"), m("abc 123", "%s"), m("a.b", "%p"), m("aB", "%u"), m("aB", "%l"), m("x\1y", "%c") == "\1", m("0xFf", "%x+"), m("a_b", "[%w_]+"), m("a\0b", "%z") == "\0")
print(m("abc", "%A"), m("123", "%D"), m("a b", "%S+"), m("ab!", "%W"), m("aB", "%L"), m("aB", "%U"))
print(m("[x]", "%[(.-)%]"), m("a]b", "[]]"), m("a-b", "[a%-]+"), m("a^b", "[%^]"), m("x^", "[x^]+"), m("abc", "[^b]+"), m("abc", "[^^]+"), m("a-z", "[a-]+"))
print(m("aaa", "a*"), m("aaa", "a-"), m("aaa", "a-$"), m("aaa", "a?"), m("bbb", "a*") == "", m("aaab", "a+b"), m("ab", "a?b"), m("b", "a?b"))
print(m("f(a(b)c)d", "%b()"), m("((x", "%b()"), m("<<a>>", "%b<>"), m("xx", "%bxx"))
print(("THE (quick) fox"):find("%f[%a]%a+%f[%A]"), ("hello world"):gsub("%f[%w]%w", string.upper))
print(m("abab", "(ab)%1"), m("xyzzy", "(.)%1"), m([[he said "hi"]], [[(["']).-%1]]))
print(m("hello", "()ll()"), m("hello", "(h)(e)(l)"), m("hello", "(h(e(l)))"), m("", "()"))
print(m("abc", "^b"), m("abc", "^a"), m("abc", "c$"), m("a$", "a$"), m("a$b", "a$b"), m("a^b", "a^b"))
print(m("abc", "b", 2), m("abc", "b", 3), m("abc", "^b", 2), m("abc", "c", -1), m("abc", "a", -1))
print(("abc"):gsub("^a", "x"), ("aaa"):gsub("^a", "x"), ("abc"):gsub("c$", "x"), ("abc"):gsub("$", "!"))
print((pcall(string.find, "a", "[a")))
print((pcall(string.find, "a", "%")))
print((pcall(string.find, "a", "(")), (pcall(string.find, "a", ")")), (pcall(string.gsub, "a", "a", "%2")), (pcall(string.find, "a", "%1")))
print(("x = 1; y = 2"):gsub("(%w+) = (%w+)", "%2=%1"), ("abc"):gsub(".", { a = 1, b = false }))
return {}
