-- data nested deeper than it may be
-- ends: error limits
return {
  handle_pdu = function(p, state)
    local t = {}
    for _ = 1, 100000 do t = { t } end
    esme.send(esme.name, t)
  end,
}
