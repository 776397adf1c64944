# cfdash: a Sysplex in a window. The model runs without SDL.
CFDASH_MODEL_SRC := $(addprefix tools/cfdash/,model.c words.c model_json.c frames.c session.c \
	source.c source_facility.c source_systems.c source_ports.c source_events.c) stack/base/flow.c
CFDASH_VIEW_SRC := $(addprefix tools/cfdash/,canvas.c history.c app.c charts.c lookup.c \
	view_overview.c view_ports.c view_flow.c view_locks.c view_events.c)
CFDASH_SRC := $(CFDASH_VIEW_SRC) $(addprefix tools/cfdash/,main.c place.c window.c) $(addprefix tools/sysplex/,rundir.c tell.c client.c)
CFDASH_LIBS = $$(pkg-config --libs libcjson) -lz -lm -lpthread

CFDASH_SDL_LIBS = $$(pkg-config --libs sdl2 SDL2_ttf libpng)
$(foreach o,host san,$(CFDASH_SRC:%.c=$(B)/$(o)/%.o)): EXTRA_CFLAGS += $$(pkg-config --cflags sdl2 SDL2_ttf libpng)

PROGRAMS += $(B)/bin/cfdash
$(B)/bin/cfdash: $(addprefix $(B)/host/,$(CFDASH_SRC:.c=.o) $(CFDASH_MODEL_SRC:.c=.o) $(CF_ENGINE_SRC:.c=.o))
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(CFDASH_LIBS) $(CFDASH_SDL_LIBS)

CHECKS += $(B)/tests/test_cfdash_model
$(B)/tests/test_cfdash_model: $(addprefix $(B)/san/,tools/cfdash/tests/test_cfdash_model.o stack/tests/core_plex.o \
		$(sort $(CFDASH_MODEL_SRC:.c=.o) $(STACK_HOST_SRC:.c=.o)))
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcheck -lsubunit -lrt $(CFDASH_LIBS)

CHECKS += $(B)/tests/test_cfdash_views
$(B)/san/tools/cfdash/tests/test_cfdash_views.o: EXTRA_CFLAGS += $$(pkg-config --cflags sdl2 SDL2_ttf libpng)
$(B)/tests/test_cfdash_views: $(addprefix $(B)/san/,tools/cfdash/tests/test_cfdash_views.o $(CFDASH_VIEW_SRC:.c=.o) $(CFDASH_MODEL_SRC:.c=.o) \
		$(CF_ENGINE_SRC:.c=.o) tools/sysplex/client.o tools/sysplex/rundir.o tools/sysplex/tell.o)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcheck -lsubunit -lrt $(CFDASH_LIBS) $(CFDASH_SDL_LIBS)

CHECKS += $(B)/tests/cfdash
$(B)/tests/cfdash: tools/cfdash/tests/cfdash.sh $(B)/bin/cfdash $(B)/bin/cfctl
	@mkdir -p $(@D)
	install -m 755 $< $@

# The window on an X display without a screen, before a user made of build/tests/screen.
$(B)/tests/screen: $(B)/host/tools/cfdash/tests/screen.o
	@mkdir -p $(@D)
	$(CC) -o $@ $^ -lXtst -lX11 $$(pkg-config --libs libpng)

CHECKS += $(B)/tests/cfdash_window
$(B)/tests/cfdash_window: tools/cfdash/tests/cfdash_window.sh $(B)/tests/screen $(B)/bin/cfdash $(B)/bin/sysplex $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

## make dashboard       a window over the Sysplex that was brought up last; boots the one of config/fig6.conf if none is up
.PHONY: dashboard
dashboard: all
	@$(B)/bin/cfdash --json >/dev/null 2>&1 || { echo "no Sysplex is up: this boots config/fig6.conf; build/bin/sysplex down ends it"; \
		$(B)/bin/sysplex up config/fig6.conf; }
	@$(B)/bin/cfdash $(DASHBOARD_OPTIONS)
