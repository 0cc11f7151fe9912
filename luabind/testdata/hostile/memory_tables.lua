-- small tables, kept
-- ends: limits
return {
  handle_pdu = function(p, state)
    local k = {}
    while true do local t = {} t.x = 1 k[#k + 1] = t end
  end,
}
