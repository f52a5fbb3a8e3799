# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Text, processes, pipes and signals, the Perl way.
use strict;
use warnings;
use POSIX ':sys_wait_h';

$| = 1;
my %count;
for my $round (1 .. 5) {
	open(my $in, '-|', 'seq', '1', '3000') or die "seq: $!";
	while (<$in>) {
		chomp;
		$count{length($_) . ':' . ($_ % 7)}++ if /[13579]$/;
	}
	close($in) or die "seq: $?";
}
print "$_ $count{$_}\n" for sort keys %count;

my %status;
for my $i (1 .. 20) {
	my $pid = fork() // die "fork: $!";
	if (!$pid) {
		kill('KILL', $$) if $i % 5 == 0;
		POSIX::_exit($i);
	}
	$status{$pid} = $i;
}
my @ends;
while ((my $pid = waitpid(-1, 0)) > 0) {
	$ends[$status{$pid}] = $?;
}
print join(' ', @ends[1 .. 20]), "\n";

my ($alarms, $children) = (0, 0);
$SIG{ALRM} = sub { $alarms++ };
alarm(1);
select(undef, undef, undef, 3) while !$alarms;
print "alarms $alarms\n";

$SIG{CHLD} = sub { 1 while waitpid(-1, WNOHANG) > 0 and ++$children };
for (1 .. 5) {
	my $pid = fork() // die "fork: $!";
	POSIX::_exit(0) if !$pid;
}
select(undef, undef, undef, 0.01) while $children < 5;
print "children $children\n";

print map({ "$_\n" } sort { $a cmp $b } map { sprintf('%05x', $_ * 7919 % 65536) }
	1 .. 50);
print STDERR "to standard error\n";
exit(12);
