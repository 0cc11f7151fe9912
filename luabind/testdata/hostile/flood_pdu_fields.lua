-- PDUs as large as they get
-- ends: fine error limits
return {
  handle_pdu = function(p, state)
    local t = {}
    for i = 1, 1000 do t[i] = { tag = 0x1400 + i, value = ("x"):rep(60000) } end
    while true do local _ = pdu.submit_sm { tlvs = t } end
  end,
}
