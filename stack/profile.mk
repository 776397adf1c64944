# base, profile, sip, operator.
