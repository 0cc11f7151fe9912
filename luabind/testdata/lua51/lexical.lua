-- Reference manual 2.1: strings, escapes, comments, numerals
print("a\tb\\\"\'" == "a\9b\92\34\39", #"\0\1\255", "\65\066\0670")
print('alo\n123"' == [[alo
123"]], [==[
first newline goes]] ]=] ]==])
print("line \
continued")
print(3, 3.0, 3.1416, 314.16e-2, 0.31416E1, 0xff, 0x56, 010, .5, 5., 1e2, 0xA)
--[[ a long
comment ]] print("after a long comment")
--[==[ another ]] still
]==] print("after another")
print(#[[

x]])
local _ = 1; local and_, or_ = true, false;
print(and_, or_, _)
do local f = print; f "call without brackets" end
do local t = { f = function(self, s) return s .. "!" end } print(t:f "method", t:f [[long]]) end
return {}
