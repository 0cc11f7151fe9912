-- metamethods nested through pcall, as deep as it goes
-- ends: fine error limits
return {
  handle_pdu = function(p, state)
    local d = 0
    local t = setmetatable({}, {})
    getmetatable(t).__index = function(t, k)
      if k < 1900 then return t[k + 1] end
      d = d + 1
      return pcall(function() return t[1] end)
    end
    local _ = t[1]
  end,
}
