-- indices at the edges of numbers
-- ends: fine limits
return {
  handle_pdu = function(p, state)
    for _, a in ipairs { 0, 1, -1, 2^31, -2^31, 2^53, 2^63, -2^63, 1e308, -1e308, math.huge, -math.huge, 0 / 0, 1.5 } do
      for _, b in ipairs { 0, 1, -1, 2^31, -2^31, 2^53, 2^63, -2^63, 1e308, -1e308, math.huge, -math.huge, 0 / 0, 1.5 } do
        pcall(string.sub, "hello", a, b)
        pcall(string.byte, "hello", a, b)
        pcall(string.char, a, b)
        pcall(string.find, "hello", "l", a, true)
        pcall(string.find, "hello", "l+", a)
        pcall(string.match, "hello", "l+", a)
        pcall(string.gsub, "hello", "l", "x", a)
        pcall(unpack, { 1, 2, 3 }, a, b)
        pcall(table.concat, { 1, 2, 3 }, ",", a, b)
        pcall(table.insert, { 1, 2, 3 }, a, b)
        pcall(table.remove, { 1, 2, 3 }, a)
        pcall(select, a, 1, 2, 3)
        pcall(math.random, a, b)
        pcall(math.random, a)
        pcall(math.ldexp, a, b)
        pcall(math.fmod, a, b)
        pcall(tonumber, "10", a)
        pcall(rawset, {}, a, b)
        pcall(next, { 1, 2 }, a)
        pcall(error, "x", a)
      end
    end
  end,
}
