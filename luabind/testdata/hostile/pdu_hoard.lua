-- PDUs are hoarded that were made with MiB of text
-- ends: limits.memory limits
return {
  handle_pdu = function()
    local text, held = ("x"):rep(1000000), {}
    for i = 1, 10000 do held[i] = pdu.submit_sm { short_message = text } end
  end,
}
