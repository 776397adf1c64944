# Programs that IPL under Hercules and test one mechanism each.
