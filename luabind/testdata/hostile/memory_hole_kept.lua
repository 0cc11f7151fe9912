-- lists with a hole of a million, kept
-- ends: limits
return {
  handle_pdu = function(p, state)
    local k = {}
    while true do local t = {} t[1048575] = 1 k[#k + 1] = t end
  end,
}
