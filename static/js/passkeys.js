// Passkeys: the one thing on these pages that needs a script. A form marked data-passkey asks the browser for a
// passkey ("get") or makes one ("create") when it is sent, and then sends what the browser gave.
(() => {
  "use strict";

  if (!window.PublicKeyCredential) return;

  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

  function text(buffer) {
    const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  const described = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  function optionsOf({ publicKey }) {
    const options = { ...publicKey, challenge: bytes(publicKey.challenge) };
    if (publicKey.user) options.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
    options.excludeCredentials = described(publicKey.excludeCredentials);
    options.allowCredentials = described(publicKey.allowCredentials);
    if (publicKey.user) {
      // It signs in by itself, so it has to be found without a name and to verify who holds it.
      const chosen = publicKey.authenticatorSelection;
      options.authenticatorSelection = { ...chosen, residentKey: "required", requireResidentKey: true, userVerification: "required" };
    }
    return options;
  }

  function written(credential) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  }

  async function askedOf(form) {
    if (!form.dataset.passkeyUrl) {
      const data = JSON.parse(document.getElementById("passkey-data").textContent);
      return data.creation_options || data.request_options;
    }
    const answer = await fetch(form.dataset.passkeyUrl, {
      headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
    });
    if (!answer.ok) throw new TypeError(answer.statusText);
    return (await answer.json()).request_options;
  }

  function say(form, error) {
    const box = form.querySelector("[data-passkey-trouble]");
    const words = box.querySelector("p");
    words.textContent = error instanceof TypeError ? words.dataset.unreachable : words.dataset.refused;
    box.hidden = false;
  }

  async function ask(form) {
    try {
      const publicKey = optionsOf(await askedOf(form));
      const makes = form.dataset.passkey === "create";
      const credential = makes ? await navigator.credentials.create({ publicKey }) : await navigator.credentials.get({ publicKey });
      form.elements.credential.value = written(credential);
      form.submit();
    } catch (error) {
      say(form, error);
    } finally {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
    }
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form);
    });
  }
})();
