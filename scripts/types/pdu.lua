---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---What a constructor takes: fields and TLVs by name.
---@class PDUFields
---@field command_status? integer|string
---@field status? integer|string
---@field sequence_number? integer
---@field tlvs? { tag: integer, value: string }[]
---@field system_id? string
---@field password? string
---@field system_type? string
---@field interface_version? integer
---@field addr_ton? integer
---@field addr_npi? integer
---@field address_range? string
---@field message_id? string
---@field source_addr_ton? integer
---@field source_addr_npi? integer
---@field source_addr? string
---@field service_type? string
---@field dest_addr_ton? integer
---@field dest_addr_npi? integer
---@field destination_addr? string
---@field esm_class? integer
---@field protocol_id? integer
---@field priority_flag? integer
---@field schedule_delivery_time? string
---@field validity_period? string
---@field registered_delivery? integer
---@field replace_if_present_flag? integer
---@field data_coding? integer
---@field sm_default_msg_id? integer
---@field sm_length? integer
---@field short_message? string
---@field number_of_dests? integer
---@field dest_address? table[]
---@field esme_addr_ton? integer
---@field esme_addr_npi? integer
---@field esme_addr? string
---@field final_date? string
---@field message_state? integer
---@field error_code? integer
---@field no_unsuccess? integer
---@field unsuccess_sme? table[]
---@field dest_addr_subunit? integer
---@field dest_network_type? integer
---@field dest_bearer_type? integer
---@field dest_telematics_id? integer
---@field source_addr_subunit? integer
---@field source_network_type? integer
---@field source_bearer_type? integer
---@field source_telematics_id? integer
---@field qos_time_to_live? integer
---@field payload_type? integer
---@field additional_status_info_text? string
---@field receipted_message_id? string
---@field ms_msg_wait_facilities? integer
---@field privacy_indicator? integer
---@field source_subaddress? string
---@field dest_subaddress? string
---@field user_message_reference? integer
---@field user_response_code? integer
---@field source_port? integer
---@field dest_port? integer
---@field sar_msg_ref_num? integer
---@field language_indicator? integer
---@field sar_total_segments? integer
---@field sar_segment_seqnum? integer
---@field sc_interface_version? integer
---@field callback_num_pres_ind? integer
---@field callback_num_atag? string
---@field number_of_messages? integer
---@field callback_num? string
---@field dpf_result? integer
---@field set_dpf? integer
---@field ms_availability_status? integer
---@field network_error_code? string
---@field message_payload? string
---@field delivery_failure_reason? integer
---@field more_messages_to_send? integer
---@field congestion_state? integer
---@field ussd_service_op? integer
---@field broadcast_channel_indicator? integer
---@field broadcast_content_type? string
---@field broadcast_content_type_info? string
---@field broadcast_message_class? integer
---@field broadcast_rep_num? integer
---@field broadcast_frequency_interval? string
---@field broadcast_area_identifier? string
---@field broadcast_error_status? integer
---@field broadcast_area_success? integer
---@field broadcast_end_time? string
---@field broadcast_service_group? string
---@field billing_identification? string
---@field source_network_id? string
---@field dest_network_id? string
---@field source_node_id? string
---@field dest_node_id? string
---@field dest_addr_np_resolution? integer
---@field dest_addr_np_information? string
---@field dest_addr_np_country? string
---@field display_time? integer
---@field sms_signal? integer
---@field ms_validity? string
---@field alert_on_message_delivery? integer
---@field its_reply_type? integer
---@field its_session_info? string

---A PDU: read-only. Its fields and TLVs are read by the specification's names; one that it does not have is nil, and a name that no PDU has raises. It may be kept in the state, sent to other binds, and used after a reload.
---@class PDU
---@field command string # The command's name, such as "submit_sm", or the number of one that is not defined.
---@field command_id integer # Its number.
---@field command_status integer # The status as a number.
---@field status string # The status by name: "ESME_ROK".
---@field sequence_number integer # 0 until it is sent.
---@field text string? # The text of the message in UTF-8, without a user data header; nil if it is none.
---@field receipt table? # What the delivery receipt says that the PDU is; nil for others. id (verbatim; the TLV's, or the text's), text_id (the text's, if it is another one), stat, state (message_state by name, vendors' words too), final, intermediate, err, network_error {type, code}, sub, dlvrd, submit_date, done_date (verbatim), submit_time, done_time (Unix seconds; the SMSC's clock is read as UTC), text. What the receipt does not say is nil.
---@field udh table? # The user data header; nil if there is none. octets (with the length octet), elements (a list of {id, data}, in order), and of those that are known: reference, total, number, destination_port, source_port, locking_shift, single_shift (languages by name).
---@field segment table? # Which part of a long message the PDU is: kind (udh8, udh16 or sar), reference, total, number; nil if it is whole.
---@field warnings string[] # What was forgiven when the PDU was decoded, a word each.
---@field system_id string? # A field.
---@field password string? # A field.
---@field system_type string? # A field.
---@field interface_version integer? # A field.
---@field addr_ton integer? # A field.
---@field addr_npi integer? # A field.
---@field address_range string? # A field.
---@field message_id string? # A field.
---@field source_addr_ton integer? # A field.
---@field source_addr_npi integer? # A field.
---@field source_addr string? # A field.
---@field service_type string? # A field.
---@field dest_addr_ton integer? # A field.
---@field dest_addr_npi integer? # A field.
---@field destination_addr string? # A field.
---@field esm_class integer? # A field.
---@field protocol_id integer? # A field.
---@field priority_flag integer? # A field.
---@field schedule_delivery_time string? # A field.
---@field validity_period string? # A field.
---@field registered_delivery integer? # A field.
---@field replace_if_present_flag integer? # A field.
---@field data_coding integer? # A field.
---@field sm_default_msg_id integer? # A field.
---@field sm_length integer? # A field.
---@field short_message string? # A field.
---@field number_of_dests integer? # A field.
---@field dest_address table[]? # A list; each has dest_flag, and dl_name or dest_addr_ton, dest_addr_npi and destination_addr.
---@field esme_addr_ton integer? # A field.
---@field esme_addr_npi integer? # A field.
---@field esme_addr string? # A field.
---@field final_date string? # A field.
---@field message_state integer? # A field.
---@field error_code integer? # A field.
---@field no_unsuccess integer? # A field.
---@field unsuccess_sme table[]? # A list; each has dest_addr_ton, dest_addr_npi, destination_addr and error_status_code.
---@field dest_addr_subunit integer? # TLV 0x0005.
---@field dest_network_type integer? # TLV 0x0006.
---@field dest_bearer_type integer? # TLV 0x0007.
---@field dest_telematics_id integer? # TLV 0x0008.
---@field source_addr_subunit integer? # TLV 0x000D.
---@field source_network_type integer? # TLV 0x000E.
---@field source_bearer_type integer? # TLV 0x000F.
---@field source_telematics_id integer? # TLV 0x0010.
---@field qos_time_to_live integer? # TLV 0x0017.
---@field payload_type integer? # TLV 0x0019.
---@field additional_status_info_text string? # TLV 0x001D.
---@field receipted_message_id string? # TLV 0x001E.
---@field ms_msg_wait_facilities integer? # TLV 0x0030.
---@field privacy_indicator integer? # TLV 0x0201.
---@field source_subaddress string? # TLV 0x0202.
---@field dest_subaddress string? # TLV 0x0203.
---@field user_message_reference integer? # TLV 0x0204.
---@field user_response_code integer? # TLV 0x0205.
---@field source_port integer? # TLV 0x020A.
---@field dest_port integer? # TLV 0x020B.
---@field sar_msg_ref_num integer? # TLV 0x020C.
---@field language_indicator integer? # TLV 0x020D.
---@field sar_total_segments integer? # TLV 0x020E.
---@field sar_segment_seqnum integer? # TLV 0x020F.
---@field sc_interface_version integer? # TLV 0x0210.
---@field callback_num_pres_ind integer? # TLV 0x0302.
---@field callback_num_atag string? # TLV 0x0303.
---@field number_of_messages integer? # TLV 0x0304.
---@field callback_num string? # TLV 0x0381.
---@field dpf_result integer? # TLV 0x0420.
---@field set_dpf integer? # TLV 0x0421.
---@field ms_availability_status integer? # TLV 0x0422.
---@field network_error_code string? # TLV 0x0423.
---@field message_payload string? # TLV 0x0424.
---@field delivery_failure_reason integer? # TLV 0x0425.
---@field more_messages_to_send integer? # TLV 0x0426.
---@field congestion_state integer? # TLV 0x0428.
---@field ussd_service_op integer? # TLV 0x0501.
---@field broadcast_channel_indicator integer? # TLV 0x0600.
---@field broadcast_content_type string? # TLV 0x0601.
---@field broadcast_content_type_info string? # TLV 0x0602.
---@field broadcast_message_class integer? # TLV 0x0603.
---@field broadcast_rep_num integer? # TLV 0x0604.
---@field broadcast_frequency_interval string? # TLV 0x0605.
---@field broadcast_area_identifier string? # TLV 0x0606.
---@field broadcast_error_status integer? # TLV 0x0607.
---@field broadcast_area_success integer? # TLV 0x0608.
---@field broadcast_end_time string? # TLV 0x0609.
---@field broadcast_service_group string? # TLV 0x060A.
---@field billing_identification string? # TLV 0x060B.
---@field source_network_id string? # TLV 0x060D.
---@field dest_network_id string? # TLV 0x060E.
---@field source_node_id string? # TLV 0x060F.
---@field dest_node_id string? # TLV 0x0610.
---@field dest_addr_np_resolution integer? # TLV 0x0611.
---@field dest_addr_np_information string? # TLV 0x0612.
---@field dest_addr_np_country string? # TLV 0x0613.
---@field display_time integer? # TLV 0x1201.
---@field sms_signal integer? # TLV 0x1203.
---@field ms_validity string? # TLV 0x1204.
---@field alert_on_message_delivery integer? # TLV 0x130C.
---@field its_reply_type integer? # TLV 0x1380.
---@field its_session_info string? # TLV 0x1383.
local PDU = {}

---Tells responses from requests.
---
---To be called in: anywhere.
---```lua
---assert(not p:is_response())
---```
---@return boolean yes # whether the PDU answers another one
function PDU:is_response() end

---Makes the response to a request; esme.reply or esme.send_pdu sends it.
---
---To be called in: anywhere.
---```lua
---assert(esme.reply(p, p:response { command_status = "ESME_RX_R_APPN" }))
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU resp # the response, with its sequence number
function PDU:response(fields) end

---Copies the PDU with these fields and TLVs changed.
---
---To be called in: anywhere.
---```lua
---local copy = p:with { destination_addr = "12345" }
---assert(copy.destination_addr == "12345" and copy.source_addr == p.source_addr)
---```
---@param fields table # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU copy # a changed copy
function PDU:with(fields) end

---Reads a TLV by its tag, as octets: for those of vendors, which have no name.
---
---To be called in: anywhere.
---```lua
---local vendor = pdu.submit_sm { tlvs = { { tag = 0x1401, value = "abc" } } }
---assert(vendor:tlv(0x1401) == "abc")
---```
---@param tag integer # such as 0x1401
---@return string? octets # of the first TLV with the tag
function PDU:tlv(tag) end

---Lists all TLVs in their order, repeated ones too.
---
---To be called in: anywhere.
---```lua
---for _, tlv in ipairs(p:tlvs()) do log.info(tlv.name, { octets = #tlv.value }) end
---```
---@return table[] list # each {tag, name, value}, the value as octets
function PDU:tlvs() end

---Makes PDUs: a constructor for each command, whose fields and TLVs have the specification's names. What is not given is 0 or empty. A value that breaks a limit of the protocol is found when the PDU is sent: invalid_pdu.
---@class pdulib
pdu = {}

---Makes a bind_receiver (SMPP 3.3). Fields: system_id, password, system_type, interface_version, addr_ton, addr_npi, address_range.
---
---To be called in: anywhere.
---```lua
---local p = pdu.bind_receiver { sequence_number = 7 }
---assert(p.command == "bind_receiver" and p.command_id == 0x00000001)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.bind_receiver(fields) end

---Makes a bind_transmitter (SMPP 3.3). Fields: system_id, password, system_type, interface_version, addr_ton, addr_npi, address_range.
---
---To be called in: anywhere.
---```lua
---local p = pdu.bind_transmitter { sequence_number = 7 }
---assert(p.command == "bind_transmitter" and p.command_id == 0x00000002)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.bind_transmitter(fields) end

---Makes a query_sm (SMPP 3.3). Fields: message_id, source_addr_ton, source_addr_npi, source_addr.
---
---To be called in: anywhere.
---```lua
---local p = pdu.query_sm { sequence_number = 7 }
---assert(p.command == "query_sm" and p.command_id == 0x00000003)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.query_sm(fields) end

---Makes a submit_sm (SMPP 3.3). Fields: service_type, source_addr_ton, source_addr_npi, source_addr, dest_addr_ton, dest_addr_npi, destination_addr, esm_class, protocol_id, priority_flag, schedule_delivery_time, validity_period, registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id, sm_length, short_message.
---
---To be called in: anywhere.
---```lua
---local p = pdu.submit_sm { sequence_number = 7 }
---assert(p.command == "submit_sm" and p.command_id == 0x00000004)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.submit_sm(fields) end

---Makes a deliver_sm (SMPP 3.3). Fields: service_type, source_addr_ton, source_addr_npi, source_addr, dest_addr_ton, dest_addr_npi, destination_addr, esm_class, protocol_id, priority_flag, schedule_delivery_time, validity_period, registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id, sm_length, short_message.
---
---To be called in: anywhere.
---```lua
---local p = pdu.deliver_sm { sequence_number = 7 }
---assert(p.command == "deliver_sm" and p.command_id == 0x00000005)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.deliver_sm(fields) end

---Makes a unbind (SMPP 3.3), which has no fields of its own.
---
---To be called in: anywhere.
---```lua
---local p = pdu.unbind { sequence_number = 7 }
---assert(p.command == "unbind" and p.command_id == 0x00000006)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.unbind(fields) end

---Makes a replace_sm (SMPP 3.3). Fields: message_id, source_addr_ton, source_addr_npi, source_addr, schedule_delivery_time, validity_period, registered_delivery, sm_default_msg_id, sm_length, short_message.
---
---To be called in: anywhere.
---```lua
---local p = pdu.replace_sm { sequence_number = 7 }
---assert(p.command == "replace_sm" and p.command_id == 0x00000007)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.replace_sm(fields) end

---Makes a cancel_sm (SMPP 3.3). Fields: service_type, message_id, source_addr_ton, source_addr_npi, source_addr, dest_addr_ton, dest_addr_npi, destination_addr.
---
---To be called in: anywhere.
---```lua
---local p = pdu.cancel_sm { sequence_number = 7 }
---assert(p.command == "cancel_sm" and p.command_id == 0x00000008)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.cancel_sm(fields) end

---Makes a bind_transceiver (SMPP 3.4). Fields: system_id, password, system_type, interface_version, addr_ton, addr_npi, address_range.
---
---To be called in: anywhere.
---```lua
---local p = pdu.bind_transceiver { sequence_number = 7 }
---assert(p.command == "bind_transceiver" and p.command_id == 0x00000009)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.bind_transceiver(fields) end

---Makes a outbind (SMPP 3.4). Fields: system_id, password.
---
---To be called in: anywhere.
---```lua
---local p = pdu.outbind { sequence_number = 7 }
---assert(p.command == "outbind" and p.command_id == 0x0000000b)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.outbind(fields) end

---Makes a enquire_link (SMPP 3.3), which has no fields of its own.
---
---To be called in: anywhere.
---```lua
---local p = pdu.enquire_link { sequence_number = 7 }
---assert(p.command == "enquire_link" and p.command_id == 0x00000015)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.enquire_link(fields) end

---Makes a submit_multi (SMPP 3.3). Fields: service_type, source_addr_ton, source_addr_npi, source_addr, number_of_dests, dest_address, esm_class, protocol_id, priority_flag, schedule_delivery_time, validity_period, registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id, sm_length, short_message.
---
---To be called in: anywhere.
---```lua
---local p = pdu.submit_multi { sequence_number = 7 }
---assert(p.command == "submit_multi" and p.command_id == 0x00000021)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.submit_multi(fields) end

---Makes a alert_notification (SMPP 3.4). Fields: source_addr_ton, source_addr_npi, source_addr, esme_addr_ton, esme_addr_npi, esme_addr.
---
---To be called in: anywhere.
---```lua
---local p = pdu.alert_notification { sequence_number = 7 }
---assert(p.command == "alert_notification" and p.command_id == 0x00000102)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.alert_notification(fields) end

---Makes a data_sm (SMPP 3.4). Fields: service_type, source_addr_ton, source_addr_npi, source_addr, dest_addr_ton, dest_addr_npi, destination_addr, esm_class, registered_delivery, data_coding.
---
---To be called in: anywhere.
---```lua
---local p = pdu.data_sm { sequence_number = 7 }
---assert(p.command == "data_sm" and p.command_id == 0x00000103)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.data_sm(fields) end

---Makes a broadcast_sm (SMPP 5.0). Fields: service_type, source_addr_ton, source_addr_npi, source_addr, message_id, priority_flag, schedule_delivery_time, validity_period, replace_if_present_flag, data_coding, sm_default_msg_id.
---
---To be called in: anywhere.
---```lua
---local p = pdu.broadcast_sm { sequence_number = 7 }
---assert(p.command == "broadcast_sm" and p.command_id == 0x00000111)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.broadcast_sm(fields) end

---Makes a query_broadcast_sm (SMPP 5.0). Fields: message_id, source_addr_ton, source_addr_npi, source_addr.
---
---To be called in: anywhere.
---```lua
---local p = pdu.query_broadcast_sm { sequence_number = 7 }
---assert(p.command == "query_broadcast_sm" and p.command_id == 0x00000112)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.query_broadcast_sm(fields) end

---Makes a cancel_broadcast_sm (SMPP 5.0). Fields: service_type, message_id, source_addr_ton, source_addr_npi, source_addr.
---
---To be called in: anywhere.
---```lua
---local p = pdu.cancel_broadcast_sm { sequence_number = 7 }
---assert(p.command == "cancel_broadcast_sm" and p.command_id == 0x00000113)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.cancel_broadcast_sm(fields) end

---Makes a generic_nack (SMPP 3.3), which has no fields of its own.
---
---To be called in: anywhere.
---```lua
---local p = pdu.generic_nack { sequence_number = 7 }
---assert(p.command == "generic_nack" and p.command_id == 0x80000000)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.generic_nack(fields) end

---Makes a bind_receiver_resp (SMPP 3.3). Fields: system_id.
---
---To be called in: anywhere.
---```lua
---local p = pdu.bind_receiver_resp { sequence_number = 7 }
---assert(p.command == "bind_receiver_resp" and p.command_id == 0x80000001)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.bind_receiver_resp(fields) end

---Makes a bind_transmitter_resp (SMPP 3.3). Fields: system_id.
---
---To be called in: anywhere.
---```lua
---local p = pdu.bind_transmitter_resp { sequence_number = 7 }
---assert(p.command == "bind_transmitter_resp" and p.command_id == 0x80000002)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.bind_transmitter_resp(fields) end

---Makes a query_sm_resp (SMPP 3.3). Fields: message_id, final_date, message_state, error_code.
---
---To be called in: anywhere.
---```lua
---local p = pdu.query_sm_resp { sequence_number = 7 }
---assert(p.command == "query_sm_resp" and p.command_id == 0x80000003)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.query_sm_resp(fields) end

---Makes a submit_sm_resp (SMPP 3.3). Fields: message_id.
---
---To be called in: anywhere.
---```lua
---local p = pdu.submit_sm_resp { sequence_number = 7 }
---assert(p.command == "submit_sm_resp" and p.command_id == 0x80000004)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.submit_sm_resp(fields) end

---Makes a deliver_sm_resp (SMPP 3.3). Fields: message_id.
---
---To be called in: anywhere.
---```lua
---local p = pdu.deliver_sm_resp { sequence_number = 7 }
---assert(p.command == "deliver_sm_resp" and p.command_id == 0x80000005)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.deliver_sm_resp(fields) end

---Makes a unbind_resp (SMPP 3.3), which has no fields of its own.
---
---To be called in: anywhere.
---```lua
---local p = pdu.unbind_resp { sequence_number = 7 }
---assert(p.command == "unbind_resp" and p.command_id == 0x80000006)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.unbind_resp(fields) end

---Makes a replace_sm_resp (SMPP 3.3), which has no fields of its own.
---
---To be called in: anywhere.
---```lua
---local p = pdu.replace_sm_resp { sequence_number = 7 }
---assert(p.command == "replace_sm_resp" and p.command_id == 0x80000007)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.replace_sm_resp(fields) end

---Makes a cancel_sm_resp (SMPP 3.3), which has no fields of its own.
---
---To be called in: anywhere.
---```lua
---local p = pdu.cancel_sm_resp { sequence_number = 7 }
---assert(p.command == "cancel_sm_resp" and p.command_id == 0x80000008)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.cancel_sm_resp(fields) end

---Makes a bind_transceiver_resp (SMPP 3.4). Fields: system_id.
---
---To be called in: anywhere.
---```lua
---local p = pdu.bind_transceiver_resp { sequence_number = 7 }
---assert(p.command == "bind_transceiver_resp" and p.command_id == 0x80000009)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.bind_transceiver_resp(fields) end

---Makes a enquire_link_resp (SMPP 3.3), which has no fields of its own.
---
---To be called in: anywhere.
---```lua
---local p = pdu.enquire_link_resp { sequence_number = 7 }
---assert(p.command == "enquire_link_resp" and p.command_id == 0x80000015)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.enquire_link_resp(fields) end

---Makes a submit_multi_resp (SMPP 3.3). Fields: message_id, no_unsuccess, unsuccess_sme.
---
---To be called in: anywhere.
---```lua
---local p = pdu.submit_multi_resp { sequence_number = 7 }
---assert(p.command == "submit_multi_resp" and p.command_id == 0x80000021)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.submit_multi_resp(fields) end

---Makes a data_sm_resp (SMPP 3.4). Fields: message_id.
---
---To be called in: anywhere.
---```lua
---local p = pdu.data_sm_resp { sequence_number = 7 }
---assert(p.command == "data_sm_resp" and p.command_id == 0x80000103)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.data_sm_resp(fields) end

---Makes a broadcast_sm_resp (SMPP 5.0). Fields: message_id.
---
---To be called in: anywhere.
---```lua
---local p = pdu.broadcast_sm_resp { sequence_number = 7 }
---assert(p.command == "broadcast_sm_resp" and p.command_id == 0x80000111)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.broadcast_sm_resp(fields) end

---Makes a query_broadcast_sm_resp (SMPP 5.0). Fields: message_id.
---
---To be called in: anywhere.
---```lua
---local p = pdu.query_broadcast_sm_resp { sequence_number = 7 }
---assert(p.command == "query_broadcast_sm_resp" and p.command_id == 0x80000112)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.query_broadcast_sm_resp(fields) end

---Makes a cancel_broadcast_sm_resp (SMPP 5.0), which has no fields of its own.
---
---To be called in: anywhere.
---```lua
---local p = pdu.cancel_broadcast_sm_resp { sequence_number = 7 }
---assert(p.command == "cancel_broadcast_sm_resp" and p.command_id == 0x80000113)
---```
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.cancel_broadcast_sm_resp(fields) end

---Makes a PDU of the command whose name is a value.
---
---To be called in: anywhere.
---```lua
---local p = pdu.new("submit_sm", { source_addr = "12345" })
---```
---@param command string # its name
---@param fields? PDUFields # fields and TLVs by name; command_status or status by name or number; tlvs = a list of {tag, value}
---@return PDU p # the PDU
function pdu.new(command, fields) end

return pdu
