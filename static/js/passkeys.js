// Passkeys: the browser asks its owner, and the form that is sent tells the server. Without such a browser the buttons stay hidden.

const able = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
// Browsers keep passkeys for names, not for numbers.
const named = !/^[\d.]+$|^\[/.test(location.hostname);

function say(form, words) {
  form.querySelector("[data-passkey-says]").textContent = words;
}

async function options(form) {
  const from = form.dataset.passkeyOptions;
  if (!from) return JSON.parse(document.getElementById("js_data").textContent);
  const reply = await fetch(from, { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } });
  if (!reply.ok) throw new Error(`The server answered ${reply.status}.`);
  return reply.json();
}

async function credential(form) {
  const { creation_options: creation, request_options: request } = await options(form);
  if (request) {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(request.publicKey) });
  }
  const wanted = PublicKeyCredential.parseCreationOptionsFromJSON(creation.publicKey);
  wanted.authenticatorSelection = {
    ...wanted.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required",
  };
  return navigator.credentials.create({ publicKey: wanted });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!able || !named) {
    // Who signs in has other ways; who adds one wants to know.
    if (form.dataset.passkeyOptions) continue;
    say(form, able ? "Passkeys need a site with a name: open this page under localhost instead of a number." : "This browser has no passkeys.");
    continue;
  }
  const button = form.querySelector("[type=submit]");
  button.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(form, "");
    try {
      form.elements.credential.value = JSON.stringify((await credential(form)).toJSON());
    } catch (error) {
      say(form, error.name === "InvalidStateError" ? "This device already has a passkey for your account." : "No passkey was used. Try again, or choose another way.");
      return;
    }
    form.submit();
  });
}
