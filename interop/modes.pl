# An SMSC made of Debian's Net::SMPP, for binds of every mode, a process a session. It tells what happens to it on
# standard output, a JSON object a line. The system_id says how a session is to end: by the ESME (own), by the SMSC
# (peer), or by a cut (drop).
use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Net::SMPP;

my %mode = (
  Net::SMPP::CMD_bind_transceiver() => 'transceiver',
  Net::SMPP::CMD_bind_transmitter() => 'transmitter',
  Net::SMPP::CMD_bind_receiver()    => 'receiver',
);
my $json = JSON::PP->new->canonical;

# A line is one write, so that those of two sessions do not mix.
sub line { syswrite STDOUT, $json->encode({@_}) . "\n" }

sub session {
  my ($smpp) = @_;
  my ($id, $mode, $ending) = ('?', '', '');
  my $tell = sub {
    my ($event, $pdu) = @_;
    my $ref = $pdu->{user_message_reference};
    line(event => $event, bind => $id, status => ($pdu->{status} // 0) + 0, sequence => $pdu->{seq} + 0, from => $pdu->{source_addr},
      to => $pdu->{destination_addr}, text => $pdu->{short_message}, reference => defined $ref ? unpack('n', $ref) : undef,
      type => $pdu->{system_type}, version => $pdu->{interface_version});
  };
  my $end = sub {
    $smpp->unbind(async => 1) if $ending eq 'peer';
    return $ending eq 'drop';
  };
  my $deliver = sub {
    $smpp->deliver_sm(async => 1, source_addr => '491700000001', destination_addr => '12345', short_message => 'from the SMSC',
      user_message_reference => pack('n', 513));
  };
  while (my $pdu = $smpp->read_pdu) {
    my $cmd = $pdu->{cmd};
    if ($mode{$cmd}) {
      ($id, $mode) = ($pdu->{system_id}, $mode{$cmd});
      $ending = (split /-/, $id)[1];
      $tell->("bind_$mode", $pdu);
      my $answer = "bind_${mode}_resp";
      $smpp->$answer(seq => $pdu->{seq}, status => 0, system_id => 'perl');
      $deliver->() if $mode eq 'receiver';
    } elsif ($cmd == Net::SMPP::CMD_submit_sm()) {
      $tell->('submit_sm', $pdu);
      return if $ending eq 'drop';
      $smpp->submit_sm_resp(seq => $pdu->{seq}, status => 0, message_id => "id-$id");
      if ($mode eq 'transceiver') { $deliver->() } else { $end->() }
    } elsif ($cmd == Net::SMPP::CMD_deliver_sm_resp()) {
      $tell->('deliver_sm_resp', $pdu);
      return if $end->();
    } elsif ($cmd == Net::SMPP::CMD_unbind_resp()) {
      $tell->('unbind_resp', $pdu);
      return;
    } elsif ($cmd == Net::SMPP::CMD_unbind()) {
      $tell->('unbind', $pdu);
      $smpp->unbind_resp(seq => $pdu->{seq}, status => 0);
      return;
    } elsif ($cmd == Net::SMPP::CMD_enquire_link()) {
      $smpp->enquire_link_resp(seq => $pdu->{seq}, status => 0);
    }
  }
}

$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';
my $server = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34) or die "cannot listen: $!";
line(event => 'listening', port => $server->sockport);
my $wait = IO::Select->new($server, \*STDIN);
while (1) {
  for my $ready ($wait->can_read) {
    if ($ready == \*STDIN) {
      exit 0 unless sysread STDIN, my $nothing, 1;
      next;
    }
    my $smpp = $server->accept or next;
    my $child = fork // die "cannot fork: $!";
    if (!$child) {
      close $server;
      session($smpp);
      exit 0;
    }
    close $smpp;
  }
}
