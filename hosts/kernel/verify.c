// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a function is what it is taken for: at load, before anything is hooked.
 *
 * A name says little.  Half of what is hooked is declared in no header, so that
 * the compiler could not compare; a kernel that was changed may keep the name.
 * So the prototype, which the macro that defines the wrapper keeps as text, is
 * compared with what the kernel says of itself (BTF), and a kernel in which it
 * differs, or is not told, is refused.
 *
 * A kernel that was built without BTF, for debugging say, is taken as it is, and
 * the log says so: refusing would make nothing safer there, for it was built by
 * whoever built this module for it.
 *
 * Where the compiler left arguments out (constprop) BTF has no prototype.  Then
 * the first instructions tell.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/ctype.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/insn.h>

#include "kernel_host.h"

struct text {
	unsigned int length;
	char at[256];
};

static __printf(2, 3) void put(struct text *text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text->length += vscnprintf(text->at + text->length,
				   sizeof(text->at) - text->length, fmt, args);
	va_end(args);
}

/* ---- what the kernel says -------------------------------------------------- */

#if IS_ENABLED(CONFIG_DEBUG_INFO_BTF)

DEFINE_STATIC_CALL_NULL(get_btf, bpf_get_btf_vmlinux);
DEFINE_STATIC_CALL_NULL(find_by_name, btf_find_by_name_kind);
DEFINE_STATIC_CALL_NULL(name_at, btf_name_by_offset);

static const struct btf *types;

static void types_find(void)
{
	unsigned long get = symbol_address("bpf_get_btf_vmlinux");
	unsigned long find = symbol_address("btf_find_by_name_kind");
	unsigned long name = symbol_address("btf_name_by_offset");

	types = NULL;
	if (!get || !find || !name)
		return;
	static_call_update(get_btf, (typeof(&bpf_get_btf_vmlinux))get);
	static_call_update(find_by_name, (typeof(&btf_find_by_name_kind))find);
	static_call_update(name_at, (typeof(&btf_name_by_offset))name);
	types = static_call(get_btf)();
	if (IS_ERR(types))
		types = NULL;
}

/* As it is written in C: "unsigned long", not "long unsigned int". */
static const char *usual(const char *name)
{
	static const char *const names[][2] = {
		{ "long unsigned int", "unsigned long" },
		{ "long int", "long" },
		{ "long long unsigned int", "unsigned long long" },
		{ "long long int", "long long" },
		{ "short int", "short" },
		{ "short unsigned int", "unsigned short" },
		{ "_Bool", "bool" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i][0]))
			return names[i][1];
	return name;
}

static void put_type(struct text *text, u32 id)
{
	const struct btf_type *type = id ? btf_type_by_id(types, id) : NULL;
	const char *name;

	if (!type) {
		put(text, "void");
		return;
	}
	name = static_call(name_at)(types, type->name_off);
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_PTR:
		put_type(text, type->type);
		put(text, text->at[text->length - 1] == '*' ? "*" : " *");
		return;
	case BTF_KIND_CONST:
		put(text, "const ");
		put_type(text, type->type);
		return;
	case BTF_KIND_VOLATILE:
		put(text, "volatile ");
		put_type(text, type->type);
		return;
	case BTF_KIND_STRUCT:
		put(text, "struct ");
		break;
	case BTF_KIND_UNION:
		put(text, "union ");
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		put(text, "enum ");
		break;
	case BTF_KIND_FWD:
		put(text, btf_type_kflag(type) ? "union " : "struct ");
		break;
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPEDEF:
		break;
	default:
		name = "something";
	}
	put(text, "%s", usual(name));
}

/* The prototype of a function, without names; false: it is not told. */
static bool put_function(struct text *text, const char *name)
{
	const struct btf_param *params;
	const struct btf_type *type;
	s32 id = static_call(find_by_name)(types, name, BTF_KIND_FUNC);
	u32 i;

	type = id > 0 ? btf_type_by_id(types, id) : NULL;
	type = type ? btf_type_by_id(types, type->type) : NULL;
	if (!type || BTF_INFO_KIND(type->info) != BTF_KIND_FUNC_PROTO)
		return false;
	params = (const struct btf_param *)(type + 1);
	put_type(text, type->type);
	put(text, " (");
	for (i = 0; i < BTF_INFO_VLEN(type->info); i++) {
		if (i)
			put(text, ", ");
		put_type(text, params[i].type);
	}
	put(text, i ? ")" : "void)");
	return true;
}

#else

static const void *types;

static void types_find(void)
{
}

static bool put_function(struct text *text, const char *name)
{
	return false;
}

#endif

/* ---- what it is taken for -------------------------------------------------- */

/* The prototype @c without the names of parameters. */
static void put_nameless(struct text *text, const char *c)
{
	const char *open = strchr(c, '('), *end, *at;

	/* what it returns ends with a space */
	put(text, "%.*s(", (int)(open - c), c);
	for (at = open + 1; *at; at = *end ? end + 1 : end) {
		const char *last;

		while (*at == ' ')
			at++;
		end = at + strcspn(at, ",)");
		last = end;
		while (last > at && (isalnum(last[-1]) || last[-1] == '_'))
			last--;
		/* one word alone is a type: (void) */
		if (last == at)
			last = end;
		while (last > at && last[-1] == ' ')
			last--;
		put(text, "%.*s", (int)(last - at), at);
		if (*end == ',')
			put(text, ", ");
		else if (*end == ')')
			break;
	}
	put(text, ")");
}

static int compare(const char *name, const char *prototype)
{
	struct text *told = kcalloc(2, sizeof(*told), GFP_KERNEL);
	struct text *taken = told + 1;
	int err = 0;

	if (!told)
		return -ENOMEM;
	put_nameless(taken, prototype);
	if (!put_function(told, name)) {
		pr_err("not loaded: this kernel does not tell the prototype of %s\n",
		       name);
		err = -ENOEXEC;
	} else if (strcmp(told->at, taken->at)) {
		pr_err("not loaded: %s is not what it is taken for: in this kernel it is %s, and not %s\n",
		       name, told->at, taken->at);
		err = -ENOEXEC;
	}
	kfree(told);
	return err;
}

/* A part of it that its callers call past it. */
static int whole(const char *name)
{
	static const char *const parts[] = { "part.0", "isra.0" };
	char part[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		snprintf(part, sizeof(part), "%s.%s", name, parts[i]);
		if (symbol_address(part)) {
			pr_err("not loaded: %s is not all of it: this kernel has %s\n",
			       name, part);
			return -ENOEXEC;
		}
	}
	return 0;
}

/* ---- what the first instructions say --------------------------------------- */

DEFINE_STATIC_CALL_NULL(decode, insn_decode);

enum { AX = 0, SI = 6 };

/* Register number of an operand that is one, or -1. */
static int rm_of(struct insn *insn)
{
	if (X86_MODRM_MOD(insn->modrm.value) != 3)
		return -1;
	return X86_MODRM_RM(insn->modrm.value) |
	       (X86_REX_B(insn->rex_prefix.value) ? 8 : 0);
}

static int reg_of(struct insn *insn)
{
	return X86_MODRM_REG(insn->modrm.value) |
	       (X86_REX_R(insn->rex_prefix.value) ? 8 : 0);
}

/* Whether the instruction looks at bits @mask of a register of @copies. */
static bool looks_at(struct insn *insn, unsigned int copies, unsigned long mask)
{
	unsigned long value = insn->immediate.value;
	u8 op = insn->opcode.bytes[0];
	int rm = rm_of(insn), n = X86_MODRM_REG(insn->modrm.value);

	switch (op) {
	case 0xf6: case 0xf7:			/* test; and not not, neg ... */
		return n == 0 && rm >= 0 && (copies & BIT(rm)) && (value & mask);
	case 0x80: case 0x81: case 0x83:	/* and */
		return n == 4 && rm >= 0 && (copies & BIT(rm)) && (value & mask);
	case 0x24: case 0x25:			/* and, test: ax */
	case 0xa8: case 0xa9:
		return (copies & BIT(AX)) && (value & mask);
	case 0x0f:				/* bt */
		return insn->opcode.bytes[1] == 0xba && n == 4 && rm >= 0 &&
		       (copies & BIT(rm)) && (BIT(value & 63) & mask);
	default:
		return false;
	}
}

/* Copies of the second argument, after the instruction. */
static unsigned int copies_after(struct insn *insn, unsigned int copies)
{
	u8 op = insn->opcode.bytes[0];
	int from = -1, to = -1;

	switch (op) {
	case 0x89:				/* mov */
		from = reg_of(insn);
		to = rm_of(insn);
		break;
	case 0x8b:
		from = rm_of(insn);
		to = reg_of(insn);
		break;
	case 0x31: case 0x33:			/* xor with itself: zero */
		to = reg_of(insn);
		break;
	}
	if (to < 0)
		return copies;
	return from >= 0 && (copies & BIT(from)) ? copies | BIT(to) :
						  copies & ~BIT(to);
}

/*
 * Whether the second argument is tested for a bit of @mask before anything is
 * called, jumps that may be taken being not taken.
 */
static bool second_tested(unsigned long address, unsigned long mask)
{
	unsigned int copies = BIT(SI), i, at = 0;
	struct insn insn;

	for (i = 0; i < 32; i++) {
		u8 op;

		if (static_call(decode)(&insn, (void *)(address + at),
					MAX_INSN_SIZE, INSN_MODE_KERN))
			return false;
		op = insn.opcode.bytes[0];
		/* at its beginning ftrace's call */
		if ((op == CALL_INSN_OPCODE && at > 8) ||
		    op == RET_INSN_OPCODE || op == JMP8_INSN_OPCODE ||
		    op == JMP32_INSN_OPCODE)
			return false;
		if (looks_at(&insn, copies, mask))
			return true;
		copies = copies_after(&insn, copies);
		at += insn.length;
	}
	return false;
}

/* ---- all together ------------------------------------------------------------ */

static int verify_by_code(const struct hook *hook)
{
	unsigned long decoder = symbol_address("insn_decode");

	if (!decoder) {
		pr_err("not loaded: this kernel has no function insn_decode to call\n");
		return -ENOENT;
	}
	static_call_update(decode, (typeof(&insn_decode))decoder);
	if (second_tested(hook->address, hook->second))
		return 0;
	pr_err("not loaded: %s is not what it is taken for: its second argument is another\n",
	       hook->name);
	return -ENOEXEC;
}

void verify_begin(void)
{
	types_find();
	if (!types)
		pr_notice("this kernel has no BTF: prototypes are not checked\n");
}

int verify_function(const char *name, const char *prototype)
{
	int err = whole(name);

	return err || !types ? err : compare(name, prototype);
}

int verify_hook(const struct hook *hook)
{
	return hook->second ? verify_by_code(hook) :
			      verify_function(hook->name, hook->prototype);
}
