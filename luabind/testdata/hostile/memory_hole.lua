-- lists with a hole of a million
-- ends: limits
return {
  handle_pdu = function(p, state)
    while true do local t = {} t[1048575] = 1 end
  end,
}
