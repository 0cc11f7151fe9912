package main

// paragraph says where something is defined: in SMPP 3.4 issue 1.2 and in 5.0, empty where it is in only one of them.
type paragraph struct{ v34, v50 string }

func (p paragraph) String() string {
	switch {
	case p.v34 == "":
		return "SMPP 5.0 §" + p.v50
	case p.v50 == "":
		return "SMPP 3.4 §" + p.v34
	}
	return "SMPP 3.4 §" + p.v34 + ", 5.0 §" + p.v50
}

// where looks a name up: all that is generated says where it is defined.
func where(paragraphs map[string]paragraph, name string) paragraph {
	p, ok := paragraphs[name]
	if !ok {
		panic("no paragraph for " + name)
	}
	return p
}

// commandParagraphs are where the commands are defined.
var commandParagraphs = map[string]paragraph{
	"bind_transmitter":         {"4.1.1", "4.1.1.1"},
	"bind_transmitter_resp":    {"4.1.2", "4.1.1.2"},
	"bind_receiver":            {"4.1.3", "4.1.1.3"},
	"bind_receiver_resp":       {"4.1.4", "4.1.1.4"},
	"bind_transceiver":         {"4.1.5", "4.1.1.5"},
	"bind_transceiver_resp":    {"4.1.6", "4.1.1.6"},
	"outbind":                  {"4.1.7.1", "4.1.1.7"},
	"unbind":                   {"4.2.1", "4.1.1.8"},
	"unbind_resp":              {"4.2.2", "4.1.1.9"},
	"generic_nack":             {"4.3.1", "4.1.4.1"},
	"submit_sm":                {"4.4.1", "4.2.1.1"},
	"submit_sm_resp":           {"4.4.2", "4.2.1.2"},
	"submit_multi":             {"4.5.1", "4.2.3.1"},
	"submit_multi_resp":        {"4.5.2", "4.2.3.2"},
	"deliver_sm":               {"4.6.1", "4.3.1.1"},
	"deliver_sm_resp":          {"4.6.2", "4.3.1.2"},
	"data_sm":                  {"4.7.1", "4.2.2.1"},
	"data_sm_resp":             {"4.7.2", "4.2.2.2"},
	"query_sm":                 {"4.8.1", "4.5.2.1"},
	"query_sm_resp":            {"4.8.2", "4.5.2.2"},
	"cancel_sm":                {"4.9.1", "4.5.1.1"},
	"cancel_sm_resp":           {"4.9.2", "4.5.1.2"},
	"replace_sm":               {"4.10.1", "4.5.3.1"},
	"replace_sm_resp":          {"4.10.2", "4.5.3.2"},
	"enquire_link":             {"4.11.1", "4.1.2.1"},
	"enquire_link_resp":        {"4.11.2", "4.1.2.2"},
	"alert_notification":       {"4.12.1", "4.1.3.1"},
	"broadcast_sm":             {"", "4.4.1.1"},
	"broadcast_sm_resp":        {"", "4.4.1.2"},
	"query_broadcast_sm":       {"", "4.6.1.1"},
	"query_broadcast_sm_resp":  {"", "4.6.1.3"},
	"cancel_broadcast_sm":      {"", "4.6.2.1"},
	"cancel_broadcast_sm_resp": {"", "4.6.2.3"},
}

// fieldParagraphs are where the mandatory fields are defined.
var fieldParagraphs = map[string]paragraph{
	"system_id":               {"5.2.1", "4.7.30"},
	"password":                {"5.2.2", "4.7.18"},
	"system_type":             {"5.2.3", "4.7.31"},
	"interface_version":       {"5.2.4", "4.7.13"},
	"addr_ton":                {"5.2.5", "4.7.1"},
	"addr_npi":                {"5.2.6", "4.7.2"},
	"address_range":           {"5.2.7", "4.7.3"},
	"message_id":              {"5.2.23", "4.7.14"},
	"source_addr_ton":         {"5.2.5", "4.7.1"},
	"source_addr_npi":         {"5.2.6", "4.7.2"},
	"source_addr":             {"5.2.8", "4.7.29"},
	"service_type":            {"5.2.11", "4.7.25"},
	"dest_addr_ton":           {"5.2.5", "4.7.1"},
	"dest_addr_npi":           {"5.2.6", "4.7.2"},
	"destination_addr":        {"5.2.9", "4.7.8"},
	"esm_class":               {"5.2.12", "4.7.12"},
	"protocol_id":             {"5.2.13", "4.7.20"},
	"priority_flag":           {"5.2.14", "4.7.19"},
	"schedule_delivery_time":  {"5.2.15", "4.7.23.1"},
	"validity_period":         {"5.2.16", "4.7.23.2"},
	"registered_delivery":     {"5.2.17", "4.7.21"},
	"replace_if_present_flag": {"5.2.18", "4.7.22"},
	"data_coding":             {"5.2.19", "4.7.7"},
	"sm_default_msg_id":       {"5.2.20", "4.7.27"},
	"sm_length":               {"5.2.21", "4.7.28"},
	"short_message":           {"5.2.22", "4.7.26"},
	"number_of_dests":         {"5.2.24", "4.7.17"},
	"dest_address":            {"4.5.1.1", "4.2.3.1"},
	"esme_addr_ton":           {"5.2.5", "4.7.1"},
	"esme_addr_npi":           {"5.2.6", "4.7.2"},
	"esme_addr":               {"5.2.10", "4.7.11"},
	"final_date":              {"4.8.2", "4.7.23.3"},
	"message_state":           {"5.2.28", "4.7.15"},
	"error_code":              {"4.8.2", "4.5.2.2"},
	"no_unsuccess":            {"5.2.26", "4.7.16"},
	"unsuccess_sme":           {"4.5.2.1", "4.2.3.2"},
}

// tlvParagraphs are where the TLVs are defined.
var tlvParagraphs = map[string]paragraph{
	"dest_addr_subunit":            {"5.3.2.1", "4.8.4.23"},
	"dest_network_type":            {"5.3.2.3", "4.8.4.26"},
	"dest_bearer_type":             {"5.3.2.5", "4.8.4.24"},
	"dest_telematics_id":           {"5.3.2.7", "4.8.4.29"},
	"source_addr_subunit":          {"5.3.2.2", "4.8.4.54"},
	"source_network_type":          {"5.3.2.4", "4.8.4.57"},
	"source_bearer_type":           {"5.3.2.6", "4.8.4.55"},
	"source_telematics_id":         {"5.3.2.8", "4.8.4.61"},
	"qos_time_to_live":             {"5.3.2.9", "4.8.4.46"},
	"payload_type":                 {"5.3.2.10", "4.8.4.44"},
	"additional_status_info_text":  {"5.3.2.11", "4.8.4.1"},
	"receipted_message_id":         {"5.3.2.12", "4.8.4.47"},
	"ms_msg_wait_facilities":       {"5.3.2.13", "4.8.4.40"},
	"privacy_indicator":            {"5.3.2.14", "4.8.4.45"},
	"source_subaddress":            {"5.3.2.15", "4.8.4.60"},
	"dest_subaddress":              {"5.3.2.16", "4.8.4.28"},
	"user_message_reference":       {"5.3.2.17", "4.8.4.62"},
	"user_response_code":           {"5.3.2.18", "4.8.4.63"},
	"source_port":                  {"5.3.2.20", "4.8.4.59"},
	"dest_port":                    {"5.3.2.21", "4.8.4.30"},
	"sar_msg_ref_num":              {"5.3.2.22", "4.8.4.48"},
	"language_indicator":           {"5.3.2.19", "4.8.4.35"},
	"sar_total_segments":           {"5.3.2.23", "4.8.4.50"},
	"sar_segment_seqnum":           {"5.3.2.24", "4.8.4.49"},
	"sc_interface_version":         {"5.3.2.25", "4.8.4.51"},
	"callback_num_pres_ind":        {"5.3.2.37", "4.8.4.17"},
	"callback_num_atag":            {"5.3.2.38", "4.8.4.16"},
	"number_of_messages":           {"5.3.2.39", "4.8.4.43"},
	"callback_num":                 {"5.3.2.36", "4.8.4.15"},
	"dpf_result":                   {"5.3.2.28", "4.8.4.32"},
	"set_dpf":                      {"5.3.2.29", "4.8.4.52"},
	"ms_availability_status":       {"5.3.2.30", "4.8.4.39"},
	"network_error_code":           {"5.3.2.31", "4.8.4.42"},
	"message_payload":              {"5.3.2.32", "4.8.4.36"},
	"delivery_failure_reason":      {"5.3.2.33", "4.8.4.19"},
	"more_messages_to_send":        {"5.3.2.34", "4.8.4.38"},
	"message_state":                {"5.3.2.35", "4.8.4.37"},
	"congestion_state":             {"", "4.8.4.18"},
	"ussd_service_op":              {"5.3.2.44", "4.8.4.64"},
	"broadcast_channel_indicator":  {"", "4.8.4.7"},
	"broadcast_content_type":       {"", "4.8.4.8"},
	"broadcast_content_type_info":  {"", "4.8.4.6"},
	"broadcast_message_class":      {"", "4.8.4.12"},
	"broadcast_rep_num":            {"", "4.8.4.13"},
	"broadcast_frequency_interval": {"", "4.8.4.11"},
	"broadcast_area_identifier":    {"", "4.8.4.4"},
	"broadcast_error_status":       {"", "4.8.4.10"},
	"broadcast_area_success":       {"", "4.8.4.5"},
	"broadcast_end_time":           {"", "4.8.4.9"},
	"broadcast_service_group":      {"", "4.8.4.14"},
	"billing_identification":       {"", "4.8.4.3"},
	"source_network_id":            {"", "4.8.4.56"},
	"dest_network_id":              {"", "4.8.4.25"},
	"source_node_id":               {"", "4.8.4.58"},
	"dest_node_id":                 {"", "4.8.4.27"},
	"dest_addr_np_resolution":      {"", "4.8.4.22"},
	"dest_addr_np_information":     {"", "4.8.4.21"},
	"dest_addr_np_country":         {"", "4.8.4.20"},
	"display_time":                 {"5.3.2.26", "4.8.4.31"},
	"sms_signal":                   {"5.3.2.40", "4.8.4.53"},
	"ms_validity":                  {"5.3.2.27", "4.8.4.41"},
	"alert_on_message_delivery":    {"5.3.2.41", "4.8.4.2"},
	"its_reply_type":               {"5.3.2.42", "4.8.4.33"},
	"its_session_info":             {"5.3.2.43", "4.8.4.34"},
}
