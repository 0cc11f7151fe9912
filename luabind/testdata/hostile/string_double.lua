-- a string that doubles
-- ends: error
return {
  handle_pdu = function(p, state)
    local s = "x"
    while true do s = s .. s end
  end,
}
