-- small captures of large strings, kept in the state and in a map
-- ends: fine limits
local m = map.open("parts", { max = 1000 })
return {
  handle_pdu = function(p, state)
    local t = {}
    for i = 1, 100 do
      local s = ("x"):rep(1000000) .. i
      t[i] = re.match(s, [[x(\d+)$]])
      m:set(t[i], t[i])
    end
    return t
  end,
}
