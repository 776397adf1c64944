# The socket layer. Sequence numbers and HTTP are portable and tested on the host; socket.c itself stands on lwIP and is
# compiled for the image only.
STACK_SOCKET_SRC := stack/socket/isn.c stack/socket/http.c

CHECKS += $(B)/tests/socket_test
$(B)/tests/socket_test: $(addprefix $(B)/san/,stack/tests/socket_test.o $(STACK_SOCKET_SRC:.c=.o) \
		stack/base/text.o)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcheck -lsubunit -lm -lrt -pthread
