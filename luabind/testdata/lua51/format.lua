-- 5.4: string.format is C's printf
local f = string.format
print(f("%d %i %u", 3, -3, 3), f("%5d|%-5d|%05d|%+d|% d|%.3d", 42, 42, 42, 42, 42, 7))
print(f("%x %X %#x %o %#o", 255, 255, 255, 8, 8), f("%c%c%c", 76, 117, 97))
print(f("%f %.2f %10.3f|%-10.1f| %e %.1E", 3.14159, 3.14159, 3.14159, 3.14159, 12345.678, 0.00012))
print(f("%g %g %g %g %g %g %G", 1e20, 0.1, 100000, 1000000, 1e-5, 0.0001, 1e-10))
print(f("%.3g %.10g %g %#g", 3.14159, 1 / 3, 5, 5), f("%5.1f|%-8.2e|", 2.25, 12345))
print(f("%s %10s|%-10s|%.2s|%5.1s|", "x", "right", "left", "cut", "one"), f("%%"), f("%s %s", 1, 1.5))
print(f("%q", "a\nb\"c\\"), f("%5s", "longer"), f("[%3d]", 12345))
print(f("%d", 3.0), f("%d", -0), f("%x", 4294967295), f("%.0f", 0.5), f("%.0f", 1.5), f("%.14g", 2 ^ 53), f("%.20f", 0.1))
print((pcall(f, "%d", "x")), (pcall(f, "%d")), (pcall(f, "%y", 1)), (pcall(f, "%", 1)), (pcall(f, "%123d", 1)), f("%d", "10"), f("%s", "a\0b") ~= nil)
-- widths and precisions count octets
print(f("[%10s]", "äö"), f("[%-6s]", "ä"), f("[%.3s]", "äö") == "[ä\195]", f("[%5.1s]", "ö") == "[    \195]", f("%5s|%-5s|%.0s|", "\255", "\128", "gone") == "    \255|\128    ||")
-- each flag with each conversion that C defines it for
for _, n in ipairs { 0, 1, -1, 8, 255, -255, 123456789 } do
  for _, flags in ipairs { "", "-", "+", " ", "0", "-0", "+0", " 0", "+-", " -", "+ " } do
    print(f("[%" .. flags .. "8d][%" .. flags .. "i][%" .. flags .. "8.4d][%" .. flags .. ".0d]", n, n, n, n))
  end
  for _, flags in ipairs { "", "-", "0", "-0" } do
    print(f("[%" .. flags .. "22u][%" .. flags .. "u]", n, n))
    print(f("[%" .. flags .. "24o][%" .. flags .. "20x][%" .. flags .. "20X][%" .. flags .. "9.4x]", n, n, n, n))
    print(f("[%#" .. flags .. "24o][%#" .. flags .. "20x][%#" .. flags .. "20X][%#" .. flags .. "9.4x][%#" .. flags .. ".0o]", n, n, n, n, n))
  end
end
for _, n in ipairs { 0, 1, -1, 0.5, -2.5, 1e15, -1e-7, 123456, math.huge, -math.huge } do
  for _, flags in ipairs { "", "-", "+", " ", "0", "-0", "+0", " 0", "#", "+#0" } do
    print(f("[%" .. flags .. "14f][%" .. flags .. ".0f][%" .. flags .. "14e][%" .. flags .. ".2E][%" .. flags .. "14g][%" .. flags .. ".3G]", n, n, n, n, n, n))
  end
end
for _, n in ipairs { 1, 12, 120, 1234567, 1e5, 1e6, 99999.95, 0.0001, 0.00012345, 1e-5, 1e100 } do
  print(f("%g %.1g %.2g %.3g %.10g %.0g %#g %#.3g %G", n, n, n, n, n, n, n, n, n))
end
print(f("%d %x %5.1f %c %s %q", "16", "255", "2.5", "65", 12, 7), f("%+c|% s|%5c|%-5c|", 65, "x", 66, 67))
return {}
