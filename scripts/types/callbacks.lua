---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---What a script returns. Write ---@type Script above local M = {}.
---@class Script
---@field version? any # what code_change of the next version gets as old_version
---@field init? fun(args: any): any, string? # The connection stands (TCP, TLS), before anything else. args are the bind's args in the configuration.
---@field handle_pdu? fun(pdu: PDU, state: any): any # A PDU of the peer that is no response.
---@field handle_resp? fun(pdu: PDU, original_pdu: PDU, state: any): any # The response to a request that the script sent, or a generic_nack of its number.
---@field handle_resp_timeout? fun(pdu: PDU, state: any): any # A request had no response within response_limit.
---@field handle_send_pdu_result? fun(pdu: PDU, err: Error?, state: any): any # A PDU that was accepted for sending is written (err is nil) or refused.
---@field handle_stop? fun(reason: Reason, lost_pdus: PDU[], state: any): string?, any # The session ends: once, and last. lost_pdus are requests that were sent and have no response, in their order.
---@field handle_lost_pdus? fun(name: string, reason: Reason, pdus: PDU[]): nil # Instead of handle_stop, in a fresh state, when the script itself is what died, or init refused or failed, and requests had no response.
---@field handle_call? fun(request: any, from: From, state: any): "reply"|"noreply", any, any # Somebody asks, by esme.call or esmehost call, and waits.
---@field handle_cast? fun(request: any, state: any): any # Somebody tells, by esme.cast or esmehost cast.
---@field handle_info? fun(message: any, state: any): any # A message: by esme.send, esme.send_after or a timer; and {event = "bound", mode, peer, session} when the host's bind is accepted.
---@field code_change? fun(old_version: any, state: any): any # A new version of the script takes over, with a copy of the state. old_version is the field version of the old one.
---@field handle_unparsed_pdu? fun(raw: string, err: Error, state: any): any # A whole PDU that cannot be decoded. A generic_nack follows in any case.
local Script = {}

return Script
