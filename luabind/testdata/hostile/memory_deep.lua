-- tables in tables in tables
-- ends: limits error
return {
  handle_pdu = function(p, state)
    local t = {}
    while true do t = { t } end
  end,
}
