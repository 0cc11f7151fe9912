-- messages of errors that are kept
-- ends: limits error
local kept = {}
return {
  handle_pdu = function(p, state)
    local big = ("x"):rep(4000000)
    for _ = 1, 8 do
      for _, f in ipairs { function() error(big) end, function() local x return x[big] end, function() return esme[big] end, function() require(big) end } do
        local _, e = pcall(f)
        kept[#kept + 1] = e
      end
    end
  end,
}
