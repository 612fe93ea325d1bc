// SPDX-License-Identifier: GPL-2.0
/*
 * rl create against a hypervisor, a store and a daemon that are played: what the
 * domain gets, and that a failure of any call on the way leaves nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <xen/elfnote.h>
#include <xen/grant_table.h>
#include <ringlet/virtio.h>

#include "apart.h"
#include "cache.h"
#include "command.h"
#include "hyp.h"
#include "record.h"
#include "rl-fake.h"

#define BASE	0xffffffff80000000UL
#define TEXT_PA	0x100000UL
#define TEXT_SIZE	0x2000UL
#define DISK_SIZE	5000

/* Layout of ELF: SysV ABI, AMD64 supplement. */
struct kernel_elf {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
	struct {
		uint32_t type, flags;
		uint64_t offset, vaddr, paddr, filesz, memsz, align;
	} segment[2];
	struct {
		uint32_t name_size, size, type;
		char name[4];
		uint64_t value;
	} note[3];
	struct {
		uint32_t name_size, size, type;
		char name[4], value[8];
	} text_note[2];
	uint8_t text[TEXT_SIZE];
};

static char folder[] = "/tmp/rl-create.XXXXXX", records[128];

static const char *file_named(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static void write_file(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(file_named(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

static void write_kernel(void)
{
	static const uint64_t numbers[][2] = {
		{ XEN_ELFNOTE_VIRT_BASE, BASE },
		{ XEN_ELFNOTE_ENTRY, BASE + TEXT_PA },
		{ XEN_ELFNOTE_INIT_P2M, 0x8000000000UL },
	};
	static struct kernel_elf elf = {
		.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		.type = 2, .machine = 62, .version = 1, .phoff = 64, .ehsize = 64,
		.entry = BASE + TEXT_PA, .phentsize = 56, .phnum = 2,
		.segment = {
			{ 1, 7, offsetof(struct kernel_elf, text), BASE + TEXT_PA,
			  TEXT_PA, TEXT_SIZE, TEXT_SIZE, 4096 },
			{ 4, 4, offsetof(struct kernel_elf, note), 0, 0,
			  offsetof(struct kernel_elf, text) -
			  offsetof(struct kernel_elf, note), 0, 4 },
		},
		.text_note = {
			{ 4, 6, XEN_ELFNOTE_GUEST_OS, "Xen", "linux" },
			{ 4, 8, XEN_ELFNOTE_XEN_VERSION, "Xen", "xen-3.0" },
		},
	};
	int i;

	for (i = 0; i < 3; i++) {
		elf.note[i].name_size = 4;
		elf.note[i].size = 8;
		elf.note[i].type = numbers[i][0];
		strcpy(elf.note[i].name, "Xen");
		elf.note[i].value = numbers[i][1];
	}
	memset(elf.text, 0xc3, sizeof(elf.text));
	write_file("kernel", &elf, sizeof(elf));
}

static void write_config(const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text), "name = 'guest'\nkernel = '%s/kernel'\n"
		 "ramdisk = '%s/disk'\nmemory = 8\nextra = 'quiet'\n%s", folder,
		 folder, more);
	write_file("config", text, strlen(text));
}

static int prepare(void **state)
{
	uint8_t disk[DISK_SIZE];

	(void)state;
	memset(disk, 0x5a, sizeof(disk));
	if (access(folder, F_OK))
		assert_non_null(mkdtemp(folder));
	cache_folder = "/nonexistent/kernels";
	snprintf(records, sizeof(records), "%s", file_named("records"));
	record_folder = records;
	write_kernel();
	write_file("disk", disk, sizeof(disk));
	write_config("");
	fake_reset();
	return 0;
}

static int cleanup(void **state)
{
	static const char *const names[] = { "kernel", "disk", "config", "stored" };
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		unlink(file_named(names[i]));
	unlink(file_named("records/lock"));
	rmdir(records);
	rmdir(folder);
	return 0;
}

/* Runs rl create FILE @option; what it says goes to a file. */
static int create(const char *option)
{
	char *args[] = { "create", "--json", (char *)file_named("config"),
			 (char *)option, NULL };
	FILE *out = tmpfile();
	int code, stdout_fd = dup(1), stderr_fd = dup(2);

	fflush(stdout);
	dup2(fileno(out), 1);
	dup2(fileno(out), 2);
	code = rl_main(option ? 4 : 3, args);
	fflush(stdout);
	dup2(stdout_fd, 1);
	dup2(stderr_fd, 2);
	close(stdout_fd);
	close(stderr_fd);
	fclose(out);
	return code;
}

/* The page at @pfn of domain 1, as its machine-to-phys order says. */
static const struct start_info *start_info_of(const struct fake_domain *d)
{
	uint64_t i;

	for (i = 0; i < fake->frames_used; i++)
		if (!memcmp(fake->memory[i], "xen-3.0-x86_64", 14))
			return (void *)fake->memory[i];
	assert_true(d->exists);
	fail_msg("there is no start_info");
	return NULL;
}

static void gets_what_it_needs(void **state)
{
	const struct fake_domain *d = &fake->domain[1];
	const struct start_info *si;
	const grant_entry_v1_t *grants;
	uint64_t mfn, disk = 0, text = 0;

	(void)state;
	assert_int_equal(create(NULL), 0);
	assert_true(d->exists && d->unpaused && d->nodes && d->registered &&
		    d->started && d->context_set);
	assert_string_equal(d->info.name, "guest");
	assert_int_equal(d->info.tot_pages, 8 * 256);
	assert_int_equal(d->info.uuid[6] >> 4, 4);
	assert_true(d->context.user_regs.rip == BASE + TEXT_PA);
	si = start_info_of(d);
	assert_int_equal(si->nr_pages, 8 * 256);
	assert_string_equal((const char *)si->cmd_line, "quiet");
	assert_int_equal(si->mod_len, DISK_SIZE);
	grants = (void *)fake->memory[d->grant_frame];
	assert_int_equal(grants[GNTTAB_RESERVED_CONSOLE].frame,
			 si->console.domU.mfn);
	assert_int_equal(grants[GNTTAB_RESERVED_XENSTORE].frame, si->store_mfn);
	assert_int_equal(grants[GNTTAB_RESERVED_XENSTORE].flags,
			 GTF_permit_access);
	assert_true(si->console.domU.evtchn != si->store_evtchn);
	for (mfn = 0; mfn < fake->frames_used; mfn++) {
		disk += fake->memory[mfn][DISK_SIZE - 4097] == 0x5a;
		text += fake->memory[mfn][0] == 0xc3 &&
			fake->memory[mfn][4095] == 0xc3;
	}
	assert_int_equal(disk, 2);
	assert_int_equal(text, 2);
	assert_int_equal(fake->opened, 0);
}

/* Header, grants and what the hypervisor was told agree; the slots are empty. */
static void check_devices(uint32_t pages)
{
	const struct fake_domain *d = &fake->domain[1];
	const struct ringlet_devices *devices = &d->devices;
	const grant_entry_v1_t *grants = (void *)fake->memory[d->grant_frame];
	const struct ringlet_devices_header *h;
	uint32_t i, j;

	assert_int_equal(devices->pages, pages);
	assert_int_equal(devices->backend_domid, 0);
	for (i = 0; i < RINGLET_DEVICES_MAX_PAGES; i++) {
		const grant_entry_v1_t *grant = &grants[RINGLET_GREF_DEVICES + i];

		assert_int_equal(grant->flags, i < pages ? GTF_permit_access : 0);
		assert_int_equal(grant->domid, 0);
		assert_true(!!grant->frame == (i < pages));
		for (j = i ? 0 : sizeof(*h); i < pages && j < PAGE_SIZE; j++)
			assert_int_equal(fake->memory[grant->frame][j], 0);
	}
	if (!pages)
		return;
	h = (void *)fake->memory[grants[RINGLET_GREF_DEVICES].frame];
	assert_int_equal(h->magic, RINGLET_DEVICES_MAGIC);
	assert_int_equal(h->version, RINGLET_DEVICES_VERSION);
	assert_int_equal(h->pages, pages);
	assert_int_equal(h->backend_domid, 0);
	assert_int_equal(h->control_port, devices->control_port);
	assert_true(devices->control_port > 0 && devices->control_port <= d->ports);
	assert_true(devices->gfn && devices->gfn + pages <= d->info.tot_pages);
}

static void gets_a_device_area(void **state)
{
	static const struct {
		const char *option;
		uint32_t pages;
	} cases[] = {
		{ NULL, 1 }, { "max_devices=0", 0 }, { "max_devices=1", 1 },
		{ "max_devices=15", 1 }, { "max_devices=16", 2 },
		{ "max_devices=47", 3 }, { "max_devices=48", 4 },
		{ "max_devices=63", 4 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fake_reset();
		assert_int_equal(create(cases[i].option), 0);
		assert_true(fake->domain[1].unpaused);
		check_devices(cases[i].pages);
	}
	assert_int_equal(create("max_devices=64"), EXIT_CONFIG);
}

/* With an older hypervisor only who asked for devices gets an error. */
static void older_hypervisor(void **state)
{
	(void)state;
	fake->no_devices = true;
	assert_int_equal(create(NULL), 0);
	assert_true(fake->domain[1].unpaused);
	check_devices(0);
	fake_reset();
	fake->no_devices = true;
	assert_int_equal(create("max_devices=0"), 0);
	fake_reset();
	fake->no_devices = true;
	assert_int_equal(create("max_devices=1"), EXIT_CONFIG);
	assert_null(fake_leftover());
}

static void small_extents_will_do(void **state)
{
	(void)state;
	fake->no_large = true;
	assert_int_equal(create(NULL), 0);
	assert_int_equal(fake->domain[1].info.tot_pages, 8 * 256);
}

static void options(void **state)
{
	(void)state;
	assert_int_equal(create("--paused"), 0);
	assert_true(fake->domain[1].started);
	assert_false(fake->domain[1].unpaused);
	fake_reset();
	assert_int_equal(create("--dry-run"), 0);
	assert_null(fake_leftover());
	fake_reset();
	assert_int_equal(create("cap=50"), 0);
	assert_int_equal(fake->domain[1].info.weight, 256);
	assert_int_equal(fake->domain[1].info.cap, 50);
	fake_reset();
	assert_int_equal(create("memory=16"), 0);
	assert_int_equal(fake->domain[1].info.tot_pages, 16 * 256);
	/* Neither is needed to run a domain. */
	fake_reset();
	fake->no_daemon = fake->no_store = true;
	assert_int_equal(create(NULL), 0);
	assert_true(fake->domain[1].unpaused);
}

/* Each call fails once, with each error: nothing is left but an exit code. */
static void failing_calls(void **state)
{
	static const int errors[] = { -ENOMEM, -EINVAL, -EPERM, -ESRCH };
	unsigned int at, i, failed = 0;
	const char *left;
	int code;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		for (at = 1; at; at++) {
			fake_reset();
			fake->fail_at = at;
			fake->fail_with = errors[i];
			code = create(NULL);
			left = code ? fake_leftover() : NULL;
			if (left)
				fail_msg("call %u: error %d left %s", at,
					 errors[i], left);
			/* Without daemon or store it goes on, with a warning. */
			if (!code)
				assert_true(fake->domain[1].unpaused);
			failed += !!code;
			if (fake->calls < at)
				at = ~0U;
		}
	assert_true(failed > 40);
}

/* The second time it comes from the cache; another kernel does not. */
static void kernels_are_kept(void **state)
{
	char kernels[160], command[200];
	struct stat st;
	int round, fd;

	(void)state;
	snprintf(kernels, sizeof(kernels), "%s/kernels", folder);
	cache_folder = kernels;
	for (round = 0; round < 4; round++) {
		fake_reset();
		assert_int_equal(create(NULL), 0);
		assert_int_equal(stat(file_named("kernel"), &st), 0);
		fd = cache_find(&st);
		assert_true(fd >= 0);
		close(fd);
		/* Every other time the file is written anew. */
		if (round % 2) {
			usleep(20000);
			write_kernel();
			assert_int_equal(stat(file_named("kernel"), &st), 0);
			assert_int_equal(cache_find(&st), -1);
		}
	}
	snprintf(command, sizeof(command), "test $(ls %s | wc -l) -le %d && "
		 "rm -r %s", kernels, CACHE_ENTRIES, kernels);
	assert_int_equal(system(command), 0);
}

/* Its memory is filled by a child; that one may be killed. */
static void killed_child(void **state)
{
	(void)state;
	fake->kill_child = getpid();
	assert_int_not_equal(create(NULL), 0);
	assert_null(fake_leftover());
}

static void say_so(void *arg)
{
	*(volatile int *)arg = 1;
}

/* The guard acts when its parent is killed, not when it is dismissed. */
static void guards(void **state)
{
	volatile int *said = apart_alloc(2 * sizeof(*said));
	struct guard guard;
	pid_t child;
	int i;

	(void)state;
	assert_int_equal(guard_start(&guard, say_so, (void *)&said[0]), 0);
	guard_end(&guard);
	child = fork();
	if (!child) {
		if (!guard_start(&guard, say_so, (void *)&said[1]))
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &i, 0), child);
	assert_true(WIFSIGNALED(i));
	for (i = 0; i < 6000 && !said[1]; i++)
		usleep(10000);
	assert_int_equal(said[1], 1);
	assert_int_equal(said[0], 0);
	apart_free((void *)said, 2 * sizeof(*said));
}

static void interrupted(void **state)
{
	sigset_t set;

	(void)state;
	signal(SIGINT, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGINT, SIG_DFL);
	raise(SIGINT);
	assert_int_equal(create(NULL), EXIT_OTHER);
	assert_null(fake_leftover());
	signal(SIGINT, SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGINT, SIG_DFL);
}

/* Files and configurations as users get them wrong: the exit code of each. */
static void bad_input(void **state)
{
	static const struct {
		const char *config;
		int code;
	} cases[] = {
		{ "name = 'Domain-0'", EXIT_STATE },
		{ "kernel = '/nonexistent'", EXIT_IMAGE },
		{ "kernel = '/tmp'", EXIT_IMAGE },
		{ "kernel = '/dev/zero'", EXIT_IMAGE },
		{ "kernel = '/proc/self/exe'", EXIT_IMAGE },
		{ "ramdisk = '/nonexistent'", EXIT_IMAGE },
		{ "ramdisk = '/dev/null'", EXIT_IMAGE },
		{ "memory = 1", EXIT_CONFIG },
		{ "memory = 17", EXIT_RESOURCES },
		{ "memory = 'x'", EXIT_CONFIG },
		{ "maxmem = 4", EXIT_CONFIG },
		{ "cpus = '7'", EXIT_CONFIG },
		{ "disk = [ 'x' ]", EXIT_CONFIG },
		{ "name = 'a b'", EXIT_CONFIG },
		{ "kernel", EXIT_CONFIG },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fake_reset();
		write_config(cases[i].config);
		assert_int_equal(create(NULL), cases[i].code);
		assert_null(fake_leftover());
	}
	write_config("");
	write_file("kernel", "", 0);
	assert_int_equal(create(NULL), EXIT_IMAGE);
	write_file("kernel", "\x7f""ELFxxxxxxxxxxxxxxxxxxxx", 24);
	assert_int_equal(create(NULL), EXIT_IMAGE);
	assert_null(fake_leftover());
}

static void from_stored_values(void **state)
{
	char text[512], option[160], *args[] = { "create", option, NULL };

	(void)state;
	snprintf(text, sizeof(text), "{\"name\":{\"value\":\"again\",\"place\":\"f:1\"},"
		 "\"kernel\":{\"value\":\"%s/kernel\",\"place\":\"f:2\"},"
		 "\"memory\":{\"value\":8,\"place\":\"f:3\"}}", folder);
	write_file("stored", text, strlen(text));
	snprintf(option, sizeof(option), "--stored=%s", file_named("stored"));
	assert_int_equal(rl_main(2, args), 0);
	assert_string_equal(fake->domain[1].info.name, "again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(gets_what_it_needs, prepare),
		cmocka_unit_test_setup(gets_a_device_area, prepare),
		cmocka_unit_test_setup(older_hypervisor, prepare),
		cmocka_unit_test_setup(small_extents_will_do, prepare),
		cmocka_unit_test_setup(options, prepare),
		cmocka_unit_test_setup(failing_calls, prepare),
		cmocka_unit_test_setup(kernels_are_kept, prepare),
		cmocka_unit_test_setup(killed_child, prepare),
		cmocka_unit_test_setup(guards, prepare),
		cmocka_unit_test_setup(interrupted, prepare),
		cmocka_unit_test_setup(bad_input, prepare),
		cmocka_unit_test_setup(from_stored_values, prepare),
	};

	return cmocka_run_group_tests(tests, NULL, cleanup);
}
