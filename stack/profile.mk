# base, profile, sip, operator: sources for the image, objects and tests for the host.
STACK_PROFILE_SRC := stack/base/text.c stack/base/flow.c \
	stack/profile/profile.c stack/profile/profile_lex.c stack/profile/profile_net.c stack/profile/profile_port.c \
	stack/profile/profile_vipa.c stack/profile/profile_display.c
STACK_PROFILE_SAN := $(STACK_PROFILE_SRC:%.c=$(B)/san/%.o)
