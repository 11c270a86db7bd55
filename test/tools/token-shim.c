/*
 * A PKCS#11 module in front of another one, for tests of what an HSM may do: it passes everything
 * on, and signs late (TOKEN_SHIM_DELAY, microseconds, in which the processor is free) or no longer
 * after so many signatures (TOKEN_SHIM_SIGNATURES), with the return value TOKEN_SHIM_FAULT.
 */
#define CK_PTR *
#define CK_DECLARE_FUNCTION(returnType, name) returnType name
#define CK_DECLARE_FUNCTION_POINTER(returnType, name) returnType(*name)
#define CK_CALLBACK_FUNCTION(returnType, name) returnType(*name)
#ifndef NULL_PTR
#define NULL_PTR 0
#endif
#include "pkcs11.h"
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static CK_FUNCTION_LIST list;
static CK_FUNCTION_LIST_PTR real;
static atomic_long signatures;

static long setting(const char *name) {
  const char *text = getenv(name);
  return text == NULL ? 0 : atol(text);
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG length,
                  CK_BYTE_PTR signature, CK_ULONG_PTR room) {
  long allowed = setting("TOKEN_SHIM_SIGNATURES");
  long delay = setting("TOKEN_SHIM_DELAY");
  if (allowed > 0 && atomic_fetch_add(&signatures, 1) >= allowed) {
    return (CK_RV)setting("TOKEN_SHIM_FAULT");
  }
  if (delay > 0) usleep((useconds_t)delay);
  return real->C_Sign(session, data, length, signature, room);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR out) {
  if (real == NULL) {
    void *library = dlopen(getenv("TOKEN_SHIM_MODULE"), RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get =
        library == NULL ? NULL : (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList");
    if (get == NULL || get(&real) != CKR_OK) return CKR_GENERAL_ERROR;
    list = *real;
    list.C_Sign = sign;
  }
  *out = &list;
  return CKR_OK;
}
