-- a message of very many parts
-- ends: fine error limits
return {
  handle_pdu = function(p, state)
    while true do sms.submit { to = "1", from = "2", text = ("x"):rep(39000) } end
  end,
}
