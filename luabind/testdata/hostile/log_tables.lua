-- each line has fields that are tables of their own
-- ends: limits error
return {
  handle_pdu = function()
    local fields, list = {}, {}
    for i = 1, 900 do list[i] = { i, tostring(i) } end
    for i = 1, 64 do fields["f" .. i] = list end
    while true do log.info("x", fields) end
  end,
}
