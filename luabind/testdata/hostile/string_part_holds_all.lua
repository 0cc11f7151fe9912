-- small parts of large strings, kept
-- ends: fine limits
return {
  handle_pdu = function(p, state)
    local t = {}
    for i = 1, 200 do
      local s = ("x"):rep(1000000) .. i
      t[i] = s:sub(-3) .. s:match("x")
    end
    return t
  end,
}
