-- iterators that are kept, with what they go through
-- ends: limits error
local kept = {}
return {
  handle_pdu = function(p, state)
    for _ = 1, 80 do
      local s = ("x"):rep(1000000 + #kept)
      kept[#kept + 1] = (pairs { s })
      kept[#kept + 1] = s:gmatch("zz")
      kept[#kept + 1] = re.gmatch(s:sub(1, 200000), "zz")
      kept[#kept + 1] = coroutine.wrap(function() return s end)
    end
  end,
}
