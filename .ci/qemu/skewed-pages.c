/* Private anonymous memory with skewed accesses: skewed-pages MIB RATE fills MIB MiB, a quarter of the pages with zeros, then accesses RATE pages
 * a second, three of ten by a store. Page x of n, counted from the most popular, is accessed with a density that falls as (x/n)^(-2/3). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { page_bytes = 4096 };

static uint64_t state = 88172645463325252u;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static double share(void)
{
	return (double)(next() >> 11) / (double)(1ull << 53);
}

int main(int count, char **words)
{
	if (count != 3) {
		fprintf(stderr, "usage: skewed-pages MIB RATE\n");
		return 2;
	}

	size_t pages = (size_t)atol(words[1]) * 256, rate = (size_t)atol(words[2]);
	char *memory = mmap(NULL, pages * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	for (size_t page = 0; page < pages; page++) {
		uint64_t *words_of_page = (uint64_t *)(memory + page * page_bytes);
		for (int word = 0; word < page_bytes / 8; word++)
			words_of_page[word] = page % 4 == 0 ? 0 : next();
	}

	puts("filled");
	fflush(stdout);
	struct timespec due;
	clock_gettime(CLOCK_MONOTONIC, &due);
	for (size_t done = 1;; done++) {
		double x = share();
		size_t page = (size_t)((double)pages * x * x * x);
		volatile char *bytes = memory + page * page_bytes;
		if (next() % 10 < 7)
			(void)bytes[0];
		else if (page % 4 == 0)
			bytes[0] = 0;
		else
			bytes[16] = (char)next();
		if (done % 10 == 0) {
			due.tv_nsec += 10 * 1000000000l / (long)rate;
			due.tv_sec += due.tv_nsec / 1000000000;
			due.tv_nsec %= 1000000000;
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		}
	}
}
