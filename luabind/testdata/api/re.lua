local check = require "check"
local M = {}

M["match and find"] = function()
  check.equal(re.match("abc", "b"), "b")
  check.equal(re.match("abc", "x"), nil)
  local a, b = re.match("key=value", [[(\w+)=(\w+)]])
  check.equal(a .. b, "keyvalue")
  local c, d = re.match("a", "(a)(b)?")
  check.equal(c, "a")
  check.equal(d, false)
  local first, last, cap = re.find("xx12", [[(\d)\d]])
  check.equal(first .. "-" .. last .. "-" .. cap, "3-4-1")
  check.equal(re.find("aXaX", "X", 3), 4)
  check.equal(re.find("a", "a", 3), nil)
  check.equal(re.match("STOP", "(?i)stop"), "STOP")
end

M["gsub"] = function()
  check.equal(re.gsub("a1b2", [[\d]], "<%0>"), "a<1>b<2>")
  check.equal(re.gsub("a1b2", [[(\w)(\d)]], "%2%1"), "1a2b")
  check.equal(re.gsub("a1b2", [[\d]], "%1%1"), "a11b22")
  check.equal(re.gsub("100", "0", "%%"), "1%%")
  check.equal(re.gsub("ab", ".", { a = "x" }), "xb")
  check.equal(re.gsub("ab", ".", function(c) return c ~= "a" and c:upper() end), "aB")
  local text, n = re.gsub("aaa", "a", "b", 2)
  check.equal(text .. n, "bba2")
  check.equal(re.gsub("abc", "", "-"), "-a-b-c-")
  check.raises("names the capture %2", re.gsub, "a", "a", "%2")
  check.raises("boom", re.gsub, "a", "a", function() error("boom") end)
  check.raises("must be a string, is table", re.gsub, "a", "a", function() return {} end)
end

M["gmatch and split"] = function()
  local seen = {}
  for k, v in re.gmatch("a=1,b=2", [[(\w)=(\w)]]) do seen[#seen + 1] = k .. v end
  check.equal(table.concat(seen, " "), "a1 b2")
  check.equal(table.concat(re.split("a, b,c", [[,\s*]]), "|"), "a|b|c")
  check.equal(table.concat(re.split("a,b,c", ",", 2), "|"), "a|b,c")
  check.equal(table.concat(re.split("", ","), "|"), "")
  check.equal(#re.split("abc", ","), 1)
end

M["wrong patterns raise"] = function()
  check.raises("the pattern is wrong: missing closing )", re.match, "a", "(a")
  check.raises("the pattern is wrong", re.match, "a", [[(?=a)]])
  check.raises("at most 1000", re.match, "a", ("a"):rep(1001))
end

M["patterns that would take too much are refused"] = function()
  check.raises("repeats too much", re.match, "a", ("(a{1000})"):rep(20))
  check.raises("wrong", re.match, "a", "((a{1000}){1000}){1000}")
  check.raises("wrong", re.match, "a", ("("):rep(990))
  assert(re.match(("a"):rep(28), "(a*)*b") == nil)
  assert(re.match(("a"):rep(50000), "(a|aa)+$"))
end

M["too many matches are refused"] = function()
  check.raises("more than 32768", re.gsub, ("a"):rep(110000), "a", "b")
end

M["too long a result is refused"] = function()
  check.raises("longer than", re.gsub, ("a"):rep(25000), "a", ("b"):rep(200))
end

M["an endless search is stopped"] = function()
  local s = ("ab"):rep(100000)
  while true do pcall(re.gsub, s, "(a|b)*c", "") end
end

return M
