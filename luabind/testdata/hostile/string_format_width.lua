-- widths and precisions without bound
-- ends: fine
return {
  handle_pdu = function(p, state)
    for _, f in ipairs { "%999999999d", "%.999999999f", "%099.99f", "%-+ #0-+ #0d", "%", "%5", "%.", "%y", "%#v", "%T", "%[1]d", "%*d", "%n" } do
      pcall(string.format, f, 1, 2, 3)
    end
    for _, v in ipairs { 0 / 0, math.huge, -math.huge, 2^63, -2^63, 2^64, 1e308 } do
      for c in ("cdiouxXeEfgGqs"):gmatch(".") do pcall(string.format, "%" .. c, v) end
    end
  end,
}
