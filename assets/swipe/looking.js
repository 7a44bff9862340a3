/* How the picture is looked at: the sheet with contrast, brightness and equalisation, remembered for the next visit. */
(() => {
  const { rememberedLook, rememberLook, PLAIN } = window.swipe;
  const byId = (id) => document.getElementById(id);
  const signed = (value) => (value > 0 ? `+${value}` : value);

  class Looking {
    /** changed : called with the look whenever it is another. */
    constructor(changed) {
      this.changed = changed;
      this.look = rememberedLook();
      for (const name of ["contrast", "brightness"]) byId(name).addEventListener("input", ({ target }) => this.set({ ...this.look, [name]: Number(target.value) }));
      byId("equalise").addEventListener("change", ({ target }) => this.set({ ...this.look, equalise: target.checked }));
      byId("reset").addEventListener("click", () => this.set(PLAIN));
      byId("adjust").addEventListener("click", () => this.toggle());
      byId("sheet-close").addEventListener("click", () => this.toggle(false));
    }

    set(look) {
      this.look = look;
      rememberLook(look);
      for (const name of ["contrast", "brightness"]) {
        byId(name).value = look[name];
        byId(`${name}-value`).textContent = signed(look[name]);
      }
      byId("equalise").checked = look.equalise;
      byId("adjust").classList.toggle("on", JSON.stringify(look) !== JSON.stringify(PLAIN));
      this.changed(look);
    }

    equalise() {
      this.set({ ...this.look, equalise: !this.look.equalise });
    }

    get isOpen() {
      return !byId("sheet").hidden;
    }

    toggle(open = !this.isOpen) {
      byId("sheet").hidden = !open;
      byId("adjust").setAttribute("aria-expanded", String(open));
      (open ? byId("contrast") : byId("adjust")).focus();
    }
  }

  window.swipe = { ...window.swipe, Looking };
})();
